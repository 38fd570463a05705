"""A roster as the city sees it: its schools, and each learner's enrolments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.csvtable import Row, day, degrees
from connectors.education.oneroster import STANDARD, Rows, many, read
from connectors.faults import Faults
from schemas.education import Enrolment, School
from schemas.ngsild import Entity, Point, urn


@dataclass(frozen=True, slots=True)
class Roster:
    """
    Attributes:
        schools: in the file's order.
        enrolments: sourcedId of the person → theirs.
    """

    schools: tuple[School, ...]
    enrolments: dict[str, tuple[Enrolment, ...]]

    def entities(self) -> Iterable[Entity]:
        yield from self.schools
        for found in self.enrolments.values():
            yield from found


def parse(raw: bytes) -> Roster:
    """Read a OneRoster archive.

    Raises:
        Unprocessable: see :func:`connectors.education.oneroster.read`.
    """
    faults = Faults(STANDARD)
    rows = read(raw, faults)
    schools = tuple(
        _school(key, row, rows, faults)
        for key, row in rows["orgs"].items()
        if row.get("type") == "school"
    )
    sessions = {key: _dates(row, faults) for key, row in rows["academicSessions"].items()}
    enrolments: dict[str, list[Enrolment]] = defaultdict(list)
    for key, row in rows["enrollments"].items():
        enrolments[row.get("userSourcedId")].append(_enrolment(key, row, rows, sessions, faults))
    faults.check()
    return Roster(schools, {user: tuple(found) for user, found in enrolments.items()})


def _school(key: str, row: Row, rows: Rows, faults: Faults) -> School:
    """OneRoster has no place for a school's address: read from ``metadata.`` columns if there."""
    parent = rows["orgs"].get(row.get("parentSourcedId"))
    return School(
        id=urn("School", key),
        name=row.needed("name", faults),
        name_en=row.get("metadata.nameEn") or None,
        identifier=row.get("identifier") or None,
        operator=parent.get("name") if parent else None,
        address=row.get("metadata.address") or None,
        telephone=row.get("metadata.telephone") or None,
        location=_location(row, faults),
    )


def _location(row: Row, faults: Faults) -> Point | None:
    latitude = row.read("metadata.latitude", degrees(90), "a latitude in degrees", faults)
    longitude = row.read("metadata.longitude", degrees(180), "a longitude in degrees", faults)
    if latitude is None or longitude is None:
        return None
    return Point.at(latitude, longitude)


def _dates(row: Row, faults: Faults) -> tuple[date | None, date | None]:
    """``startDate`` and ``endDate`` of a session."""
    first = row.read("startDate", day, "a date such as 2026-04-01", faults)
    end = row.read("endDate", day, "a date such as 2027-04-01", faults)
    if first and end and end < first:
        faults.add(row.where("endDate"), "The session ends before it starts.")
    return first, end


def _enrolment(
    key: str,
    row: Row,
    rows: Rows,
    sessions: dict[str, tuple[date | None, date | None]],
    faults: Faults,
) -> Enrolment:
    group = rows["classes"][row.get("classSourcedId")]
    course = rows["courses"][group.get("courseSourcedId")]
    terms = many(group, "termSourcedIds")
    begins = [sessions[term][0] for term in terms]
    ends = [sessions[term][1] for term in terms]
    school = row.get("schoolSourcedId")
    begin = row.read("beginDate", day, "a date such as 2026-04-01", faults)
    end = row.read("endDate", day, "a date such as 2027-04-01", faults)
    return Enrolment(
        id=urn("Enrolment", key),
        learner=row.get("userSourcedId"),
        role=row.get("role"),
        school=urn("School", school),
        school_name=rows["orgs"][school].get("name"),
        class_name=group.get("title"),
        course_name=course.get("title"),
        course_code=course.get("courseCode") or None,
        subjects=tuple(many(group, "subjects") or many(course, "subjects")),
        terms=tuple(rows["academicSessions"][term].get("title") for term in terms),
        begin_date=begin or _first(min, begins),
        end_date=end or _first(max, ends),
    )


def _first(choose: Callable[[list[date]], Any], days: list[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return choose(known) if known else None
