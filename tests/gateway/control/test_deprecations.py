"""What documents announce of operations that are to go, and who still calls them."""

from __future__ import annotations

import copy
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.control.catalogue.deprecations import announced
from schemas.xcity import operation
from tests.gateway.control.test_compiler import DOCUMENT, compiled


def document(operation_of: dict[str, Any], **city: str) -> dict[str, Any]:
    found = copy.deepcopy(DOCUMENT)
    listed = found["paths"]["/benches"]["get"]
    listed |= operation_of
    listed["x-city"] |= city
    return found


def midnight(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp())


def route_of(found: dict[str, Any]) -> Any:
    api = compiled(found)
    assert not api.faults
    return next(route for route in api.routes if route["id"] == "parks.listBenches")


@pytest.mark.parametrize(
    ("city", "expected"),
    [
        ({}, {"since": 0}),
        ({"sunset": "2027-03-31"}, {"since": 0, "sunset": midnight(2027, 3, 31)}),
        (
            {"deprecated": "2026-12-01", "sunset": "2027-03-31"},
            {"since": midnight(2026, 12, 1), "sunset": midnight(2027, 3, 31)},
        ),
    ],
)
def test_days_become_moments_of_the_city(city: Any, expected: Any) -> None:
    assert route_of(document({"deprecated": True}, **city))["deprecation"] == expected


def test_an_operation_that_stays_says_nothing() -> None:
    assert "deprecation" not in route_of(document({}))
    assert "deprecation" not in route_of(document({"deprecated": False}))


@pytest.mark.parametrize(
    ("operation_of", "city", "where"),
    [
        ({}, {"sunset": "2027-03-31"}, "/x-city"),
        ({"deprecated": True}, {"sunset": "soon"}, "/x-city/sunset"),
        (
            {"deprecated": True},
            {"deprecated": "2027-03-31", "sunset": "2026-12-01"},
            "/x-city/sunset",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(operation_of: Any, city: Any, where: Any) -> None:
    faults = compiled(document(operation_of, **city)).faults
    assert [fault.where for fault in faults] == ["/paths/~1benches/get" + where]


def test_the_citys_own_apis_say_it_by_their_helper() -> None:
    said = operation("parks:read", deprecated=date(2026, 12, 1), sunset=date(2027, 3, 31))
    assert said["deprecated"] is True
    assert said["x-city"]["sunset"] == "2027-03-31"
    assert "deprecated" not in operation("parks:read")


def test_what_goes_first_is_announced_first() -> None:
    found = document({"deprecated": True, "summary": "All benches"}, sunset="2027-03-31")
    found["paths"]["/benches/{bench}"]["get"]["deprecated"] = True
    (first, second) = announced([compiled(found)])
    assert (first.operation, first.title, first.sunset) == (
        "parks.listBenches", "All benches", midnight(2027, 3, 31),
    )  # fmt: skip
    assert (first.method, first.path, first.api) == ("GET", "/apps/parks/benches", "parks")
    assert (second.path, second.sunset) == ("/apps/parks/benches/{bench}", None)
