"""OneRoster 1.1 and 1.2 CSV (1EdTech): the files of a roster, checked as a whole.

A bulk archive: ``manifest.csv`` says which files there are, each file's records have a
``sourcedId`` of their own, and every reference leads to a record of the file it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.csvtable import Row, Table, read_table
from connectors.education.archive import unpack
from connectors.faults import Faults

STANDARD: Final = "OneRoster CSV 1.1 or 1.2 (bulk)"
VERSIONS: Final = ("1.1", "1.2")


@dataclass(frozen=True, slots=True)
class _File:
    """What a file must be.

    Attributes:
        columns: required ones, besides ``sourcedId``.
        references: column → file whose ``sourcedId`` it names; ``*`` before it: a list of them.
        values: column → what it may be.
    """

    columns: tuple[str, ...]
    references: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


FILES: Final[dict[str, _File]] = {
    "academicSessions": _File(
        ("title", "type", "startDate", "endDate", "schoolYear"),
        {"parentSourcedId": "academicSessions"},
        {"type": ("gradingPeriod", "semester", "schoolYear", "term")},
    ),
    "orgs": _File(
        ("name", "type"),
        {"parentSourcedId": "orgs"},
        {"type": ("department", "school", "district", "local", "state", "national")},
    ),
    "courses": _File(
        ("title", "orgSourcedId"),
        {"schoolYearSourcedId": "academicSessions", "orgSourcedId": "orgs"},
    ),
    "classes": _File(
        ("title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
        {
            "courseSourcedId": "courses",
            "schoolSourcedId": "orgs",
            "termSourcedIds": "*academicSessions",
        },
        {"classType": ("homeroom", "scheduled")},
    ),
    "users": _File(
        ("enabledUser", "givenName", "familyName"),
        {
            "orgSourcedIds": "*orgs",
            "primaryOrgSourcedId": "orgs",
            "agentSourcedIds": "*users",
        },
        {"enabledUser": ("true", "false")},
    ),
    "roles": _File(
        ("userSourcedId", "roleType", "role", "orgSourcedId"),
        {"userSourcedId": "users", "orgSourcedId": "orgs"},
        {"roleType": ("primary", "secondary")},
    ),
    "enrollments": _File(
        ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
        {"classSourcedId": "classes", "schoolSourcedId": "orgs", "userSourcedId": "users"},
        {"role": ("administrator", "proctor", "student", "teacher")},
    ),
}
NEEDED: Final = {
    "1.1": ("academicSessions", "orgs", "courses", "classes", "users", "enrollments"),
    "1.2": ("academicSessions", "orgs", "courses", "classes", "users", "roles", "enrollments"),
}

Rows = dict[str, dict[str, Row]]
"""File → sourcedId → record; those marked ``tobedeleted`` are not there."""


def read(raw: bytes, faults: Faults) -> Rows:
    """The files of a roster, every value and reference checked.

    Raises:
        Unprocessable: naming file, line and column of everything that is wrong.
    """
    files = unpack(raw, faults)
    wanted = _manifest(files, faults)
    tables = {
        name: read_table(
            f"{name}.csv",
            files[f"{name}.csv"],
            faults,
            required=("sourcedId", *FILES[name].columns),
        )
        for name in wanted
    }
    rows = {name: _active(table, faults) for name, table in tables.items()}
    for name in rows:
        _check_values(name, rows, faults)
        _check_references(name, rows, faults)
    faults.check()
    return rows


def many(row: Row, column: str) -> list[str]:
    """The values of a column that holds a list, separated by commas."""
    return [part.strip() for part in row.get(column).split(",") if part.strip()]


def _manifest(files: Mapping[str, bytes], faults: Faults) -> list[str]:
    """Names of the files to read, by what the manifest says of each."""
    if "manifest.csv" not in files:
        faults.stop("manifest.csv", "The archive has no manifest.csv.", "OneRoster needs one.")
    table = read_table(
        "manifest.csv", files["manifest.csv"], faults, required=("propertyName", "value")
    )
    properties = {row.get("propertyName"): row for row in table.rows}
    version = properties.get("oneroster.version")
    if version is None or version.get("value") not in VERSIONS:
        where = version.where("value") if version else "manifest.csv oneroster.version"
        faults.stop(where, "Not a version read here.", f"One of: {', '.join(VERSIONS)}.")
    needed = NEEDED[version.get("value")]
    for name in needed:
        _check_file(name, properties.get(f"file.{name}"), files, faults)
    faults.check()
    return list(needed)


def _check_file(name: str, entry: Row | None, files: Mapping[str, bytes], faults: Faults) -> None:
    kind = entry.get("value") if entry else "absent"
    where = entry.where("value") if entry else f"manifest.csv file.{name}"
    if kind != "bulk":
        faults.add(where, f"{name}.csv is {kind!r}.", "A feed is a whole: send this file as bulk.")
    elif f"{name}.csv" not in files:
        faults.add(where, f"{name}.csv is not in the archive.")


def _active(table: Table, faults: Faults) -> dict[str, Row]:
    rows = table.keyed("sourcedId", faults)
    return {key: row for key, row in rows.items() if row.get("status") != "tobedeleted"}


def _check_values(name: str, rows: Rows, faults: Faults) -> None:
    for row in rows[name].values():
        for column, allowed in FILES[name].values.items():
            value = row.get(column)
            if value not in allowed and not value.startswith("ext:"):
                what = f"{value[:60]!r} is not a value of {column}."
                faults.add(row.where(column), what, f"One of: {', '.join(allowed)}.")


def _check_references(name: str, rows: Rows, faults: Faults) -> None:
    for row in rows[name].values():
        for column, target in FILES[name].references.items():
            targets = many(row, column) if target[0] == "*" else [row.get(column)]
            known = rows[target.lstrip("*")]
            for one in targets:
                if one and one not in known:
                    what = f"{one[:60]!r} is not a sourcedId of {target.lstrip('*')}.csv."
                    faults.add(row.where(column), what)
                elif not one and column in FILES[name].columns:
                    faults.add(row.where(column), "There is no value.")
