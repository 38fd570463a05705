from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.education.roster import parse
from connectors.education.sample import oneroster
from schemas.problem import Problem, Unprocessable

NOW = datetime(2026, 11, 24, tzinfo=UTC)

# OneRoster 1.1, smaller than the sample city and with another layout of users
FILES = {
    "manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"
    + "".join(
        f"file.{name},bulk\n"
        for name in ("academicSessions", "orgs", "courses", "classes", "users", "enrollments")
    ),
    "academicSessions.csv": "sourcedId,status,dateLastModified,title,type,startDate,endDate,"
    "parentSourcedId,schoolYear\n"
    "y,,,2026,schoolYear,2026-04-01,2027-03-31,,2027\n"
    "t1,,,First term,term,2026-04-01,2026-08-31,y,2027\n"
    "t2,,,Second term,term,2026-09-01,2026-12-31,y,2027\n",
    "orgs.csv": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
    "d,,,Board,district,,\ns,,,South School,school,B1,d\n",
    "courses.csv": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,"
    "grades,orgSourcedId,subjects,subjectCodes\nc,,,y,Mathematics,M1,,s,Maths,\n",
    "classes.csv": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,"
    "classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
    'k,,,Maths A,,c,A,scheduled,,s,"t1,t2",,,\n',
    "users.csv": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,"
    "userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,"
    "password\nu,,,true,s,student,u,,Ann,Lee,,,ann@example.org,,,,,hunter2\n",
    "enrollments.csv": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,"
    "userSourcedId,role,primary,beginDate,endDate\ne,,,k,s,u,student,false,,2026-10-31\n",
}


def archive(**changes: tuple[str, str] | None) -> bytes:
    """The roster with one text in a file replaced by another; None leaves the file out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in FILES.items():
            change = changes.get(name.removesuffix(".csv"), ("", ""))
            if change is None:
                continue
            assert change[0] in text
            made.writestr(name, text.replace(*change, 1))
    return packed.getvalue()


def faults(raw: bytes) -> dict[str, str]:
    with pytest.raises(Unprocessable) as refused:
        parse(raw)
    return {fault.where: fault.what for fault in refused.value.faults}


def test_a_roster_s_schools_and_enrolments_are_read() -> None:
    roster = parse(archive())
    (school,) = roster.schools
    assert (school.id, school.name, school.operator) == (
        "urn:ngsi-ld:School:s",
        "South School",
        "Board",
    )
    (one,) = roster.enrolments["u"]
    assert one.school == school.id
    assert (one.class_name, one.course_name, one.course_code) == ("Maths A", "Mathematics", "M1")
    assert one.subjects == ("Maths",)
    assert one.terms == ("First term", "Second term")
    assert (one.begin_date, one.end_date) == (date(2026, 4, 1), date(2026, 10, 31))


def test_nothing_of_a_person_but_the_id_is_kept() -> None:
    said = "".join(str(entity.as_ngsild()) for entity in parse(archive()).entities())
    assert not any(word in said for word in ("Ann", "Lee", "ann@example.org", "hunter2"))


def test_records_to_be_deleted_are_left_out() -> None:
    assert parse(archive(enrollments=("e,,", "e,tobedeleted,"))).enrolments == {}


@pytest.mark.parametrize(
    ("file", "change", "where"),
    [
        ("enrollments", ("k,s,u", "x,s,u"), "enrollments.csv:2 classSourcedId"),
        ("enrollments", ("k,s,u", "k,s,x"), "enrollments.csv:2 userSourcedId"),
        ("enrollments", ("k,s,u", "k,,u"), "enrollments.csv:2 schoolSourcedId"),
        ("enrollments", ("u,student", "u,dragon"), "enrollments.csv:2 role"),
        ("enrollments", ("2026-10-31", "31.10.2026"), "enrollments.csv:2 endDate"),
        ("enrollments", ("2026-10-31", "20261031"), "enrollments.csv:2 endDate"),
        ("users", ("u,,,true", "u,tobedeleted,,true"), "enrollments.csv:2 userSourcedId"),
        ("users", ("true,s", "true,x"), "users.csv:2 orgSourcedIds"),
        ("classes", ("t1,t2", "t1,t9"), "classes.csv:2 termSourcedIds"),
        ("classes", (",c,A", ",x,A"), "classes.csv:2 courseSourcedId"),
        ("orgs", ("B1,d", "B1,x"), "orgs.csv:3 parentSourcedId"),
        ("orgs", ("s,,,South", "d,,,South"), "orgs.csv:3 sourcedId"),
        ("orgs", (",type,", ",kind,"), "orgs.csv:1 type"),
        ("academicSessions", ("2027-03-31", "2025-03-31"), "academicSessions.csv:2 endDate"),
        (
            "academicSessions",
            ("term,2026-04-01", "quarter,2026-04-01"),
            "academicSessions.csv:3 type",
        ),
        ("manifest", ("file.users,bulk", "file.users,delta"), "manifest.csv:8 value"),
        ("manifest", ("version,1.1", "version,1.0"), "manifest.csv:3 value"),
        ("manifest", ("version,1.1", "version,1.2"), "manifest.csv file.roles"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_column(
    file: str, change: tuple[str, str], where: str
) -> None:
    assert where in faults(archive(**{file: change}))


def test_a_file_that_the_manifest_promises_must_be_there() -> None:
    assert "users.csv" in "".join(faults(archive(users=None)).values())
    assert "manifest.csv" in faults(archive(manifest=None))


def test_an_archive_that_is_cut_or_unpacks_to_too_much_is_refused() -> None:
    assert "archive" in faults(archive()[:-40])
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("users.csv", b"0" * 50_000_000)
    assert "users.csv" in faults(bomb.getvalue())


def test_files_in_folders_are_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("../manifest.csv", FILES["manifest.csv"])
    assert "../manifest.csv" in faults(packed.getvalue())


def test_a_file_in_another_encoding_is_refused_with_its_line() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, text in FILES.items():
            raw = text.encode()
            made.writestr(name, raw.replace(b"South", b"S\xfcd") if name == "orgs.csv" else raw)
    assert "orgs.csv:3" in faults(packed.getvalue())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_roster_or_a_problem(raw: bytes) -> None:
    try:
        parse(raw)
    except Problem as problem:
        assert problem.status == 422


@settings(max_examples=150)
@given(data=st.data())
def test_any_mutation_is_a_roster_or_a_problem(data: st.DataObject) -> None:
    raw = bytearray(archive())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(raw))
    except Problem as problem:
        assert problem.status == 422


@settings(max_examples=150)
@given(data=st.data())
def test_any_text_in_a_file_is_a_roster_or_a_problem(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES))).removesuffix(".csv")
    old = data.draw(st.sampled_from(FILES[f"{name}.csv"].replace("\n", ",").strip(",").split(",")))
    new = data.draw(st.one_of(st.text(max_size=8), st.sampled_from(["", "x", "\n", '"', "s", ","])))
    try:
        parse(archive(**{name: (old, new)}))
    except Problem as problem:
        assert problem.status == 422


def test_the_sample_city_s_roster_is_of_the_school_year_of_the_moment() -> None:
    assert oneroster(NOW) is oneroster(datetime(2027, 3, 31, 14, tzinfo=UTC))
    spring = parse(oneroster(datetime(2027, 3, 31, 15, tzinfo=UTC)))  # April 1st in Tokyo
    (first, *_) = spring.enrolments["user-kenji"]
    assert first.begin_date == date(2027, 4, 1)
    roster = parse(oneroster(NOW))
    assert len(roster.schools) == 7
    assert set(roster.enrolments) == {"user-hana", "user-taro", "user-kenji"}
