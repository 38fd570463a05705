"""Mirai City's schools and classes of the current school year, as a OneRoster 1.2 archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_ZONE: Final = ZoneInfo("Asia/Tokyo")
_BOARD: Final = "org-mirai-board"
_BLANK: Final = ("", "")  # status and dateLastModified are empty in bulk mode


class _School(NamedTuple):
    id: str
    name: str
    name_en: str
    code: str
    address: str
    latitude: float
    longitude: float
    grades: tuple[str, ...]


class _Course(NamedTuple):
    code: str
    title: str
    title_en: str


_PRIMARY: Final = tuple(f"{grade:02d}" for grade in range(1, 7))
_JUNIOR: Final = ("07", "08", "09")

_SCHOOLS: Final = (
    _School("chuo-es", "みらい市立中央小学校", "Chuo Elementary School", "B109999900011",
            "みらい市中央三丁目4番1号", 36.5568, 139.8858, _PRIMARY),
    _School("kita-es", "みらい市立北小学校", "Kita Elementary School", "B109999900020",
            "みらい市北町二丁目1番1号", 36.5748, 139.8790, _PRIMARY),
    _School("minami-es", "みらい市立南小学校", "Minami Elementary School", "B109999900039",
            "みらい市南四丁目8番2号", 36.5308, 139.8839, _PRIMARY),
    _School("yamate-es", "みらい市立山手小学校", "Yamate Elementary School", "B109999900048",
            "みらい市山手三丁目3番3号", 36.5652, 139.9052, _PRIMARY),
    _School("chuo-jhs", "みらい市立中央中学校", "Chuo Junior High School", "C109999900010",
            "みらい市中央五丁目2番6号", 36.5586, 139.8873, _JUNIOR),
    _School("minami-jhs", "みらい市立南中学校", "Minami Junior High School", "C109999900029",
            "みらい市南六丁目1番9号", 36.5286, 139.8868, _JUNIOR),
    _School("citizen-college", "みらい市民カレッジ", "Mirai Citizens' College", "",
            "みらい市駅西二丁目8番15号", 36.5513, 139.8829, ()),
)  # fmt: skip
_CHILDRENS: Final = (
    _Course("JPN", "国語", "Japanese"),
    _Course("MAT", "算数・数学", "Mathematics"),
    _Course("SCI", "理科", "Science"),
    _Course("SOC", "社会", "Social studies"),
    _Course("ENG", "外国語", "English"),
)
_COLLEGE: Final = (
    _Course("PY1", "はじめてのプログラミング", "First steps in programming"),
    _Course("CAL", "書道", "Calligraphy"),
    _Course("DIS", "地域防災リーダー養成", "Community disaster leaders"),
)

# the residents of the sample city who sign in; every other person of it is only counted
_PEOPLE: Final = (
    ("user-hana", "花", "山田", "citizen-college", ("PY1", "DIS")),
    ("user-taro", "太郎", "佐藤", "citizen-college", ("CAL",)),
    ("user-kenji", "健二", "鈴木", "chuo-es", tuple(course.code for course in _CHILDRENS)),
)
_KENJIS_GRADE: Final = "06"


def oneroster(now: datetime) -> bytes:
    """The feed ``oneroster``: the school year (April to March) in which ``now`` lies."""
    local = now.astimezone(_ZONE)
    return _archive(local.year if local.month >= 4 else local.year - 1)


@lru_cache(maxsize=2)
def _archive(year: int) -> bytes:
    files: dict[str, list[tuple[object, ...]]] = {
        "academicSessions": _sessions(year),
        "orgs": _orgs(),
        "courses": _courses(year),
        "classes": _classes(year),
        "users": _users(),
        "roles": _roles(),
        "enrollments": _enrollments(year),
    }
    properties = [("manifest.version", "1.0"), ("oneroster.version", "1.2")]
    properties += [(f"file.{name}", "bulk") for name in files]
    manifest: list[tuple[object, ...]] = [("propertyName", "value"), *properties]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in {"manifest": manifest, **files}.items():
            # one moment for all, so that the same year is the same bytes
            info = zipfile.ZipInfo(f"{name}.csv", date_time=(year, 4, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, _csv(rows))
    return packed.getvalue()


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _header(*columns: str) -> tuple[str, ...]:
    return ("sourcedId", "status", "dateLastModified", *columns)


def _sessions(year: int) -> list[tuple[object, ...]]:
    spans = (
        ("1学期", f"{year}-04-01", f"{year}-08-31"),
        ("2学期", f"{year}-09-01", f"{year}-12-31"),
        ("3学期", f"{year + 1}-01-01", f"{year + 1}-03-31"),
    )
    whole = (f"{year}年度", "schoolYear", f"{year}-04-01", f"{year + 1}-03-31", "", year + 1)
    return [
        _header("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
        (f"sy-{year}", *_BLANK, *whole),
        *(
            (f"term-{year}-{number}", *_BLANK, title, "term", start, end, f"sy-{year}", year + 1)
            for number, (title, start, end) in enumerate(spans, start=1)
        ),
    ]


def _orgs() -> list[tuple[object, ...]]:
    extra = ("nameEn", "address", "latitude", "longitude")
    board = ("みらい市教育委員会", "district", "099999", "", "Mirai City Board of Education")
    return [
        _header("name", "type", "identifier", "parentSourcedId", *(f"metadata.{e}" for e in extra)),
        (_BOARD, *_BLANK, *board, "", "", ""),
        *((s.id, *_BLANK, s.name, "school", s.code, _BOARD, *_about(s)) for s in _SCHOOLS),
    ]


def _about(school: _School) -> tuple[object, ...]:
    return school.name_en, school.address, school.latitude, school.longitude


def _taught(school: _School) -> tuple[_Course, ...]:
    return _CHILDRENS if school.grades else _COLLEGE


def _courses(year: int) -> list[tuple[object, ...]]:
    columns = ("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects")
    return [
        _header(*columns, "subjectCodes"),
        *((_course_id(s, c), *_BLANK, *_course(s, c, year)) for s in _SCHOOLS for c in _taught(s)),
    ]


def _course(school: _School, course: _Course, year: int) -> tuple[object, ...]:
    grades = ",".join(school.grades)
    return f"sy-{year}", course.title, course.code, grades, school.id, course.title_en, ""


def _course_id(school: _School, course: _Course) -> str:
    return f"course-{school.id}-{course.code.lower()}"


def _class_id(school: _School, course: _Course, grade: str) -> str:
    return f"class-{school.id}-{course.code.lower()}" + (f"-{grade}" if grade else "")


def _classes(year: int) -> list[tuple[object, ...]]:
    columns = ("title", "grades", "courseSourcedId", "classCode", "classType", "location")
    terms = ",".join(f"term-{year}-{number}" for number in (1, 2, 3))
    return [
        _header(*columns, "schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes"),
        *(
            (_class_id(s, c, grade), *_BLANK, *_class(s, c, grade), s.id, terms, c.title_en, "")
            for s in _SCHOOLS
            for c in _taught(s)
            for grade in s.grades or ("",)
        ),
    ]


def _class(school: _School, course: _Course, grade: str) -> tuple[object, ...]:
    title = f"{int(grade)}年 {course.title}" if grade else course.title
    return title, grade, _course_id(school, course), course.code + grade, "scheduled", ""


def _users() -> list[tuple[object, ...]]:
    return [
        _header("enabledUser", "username", "givenName", "familyName", "primaryOrgSourcedId"),
        *(
            (user, *_BLANK, "true", user.removeprefix("user-"), given, family, school)
            for user, given, family, school, _ in _PEOPLE
        ),
    ]


def _roles() -> list[tuple[object, ...]]:
    return [
        _header("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
        *(
            (f"role-{user}", *_BLANK, user, "primary", "student", "", "", school)
            for user, _, _, school, _ in _PEOPLE
        ),
    ]


def _enrollments(year: int) -> list[tuple[object, ...]]:
    columns = ("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary")
    schools = {school.id: school for school in _SCHOOLS}
    rows: list[tuple[object, ...]] = []
    for user, _, _, where, codes in _PEOPLE:
        school = schools[where]
        grade = _KENJIS_GRADE if school.grades else ""
        rows += [
            (
                f"enr-{year}-{user}-{course.code.lower()}",
                *_BLANK,
                _class_id(school, course, grade),
                *(where, user, "student", "false", "", ""),
            )
            for course in _taught(school)
            if course.code in codes
        ]
    return [_header(*columns, "beginDate", "endDate"), *rows]
