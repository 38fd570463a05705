from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.evacuation.alert import MIRAI, Alert, alerted_in, needs_no_action
from services.evacuation.geometry import Patch
from services.evacuation.hazards import hazard_of
from services.evacuation.reading import Unreadable, read_alert
from tests.services.evacuation.alerts import NOW, alert_data

HOUR = timedelta(hours=1)


def alert(**told: Any) -> Alert:
    return read_alert(alert_data(**told))


def test_a_severe_alert_in_force_calls_for_guidance() -> None:
    assert needs_no_action(alert(), NOW) == ""


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"urgency": "past"}, "urgency"),
        ({"severity": "minor"}, "severity"),
        ({"expires": NOW.isoformat()}, "expired"),
        ({"state": "cancelled"}, "cancelled"),
    ],
)
def test_what_calls_for_none(told: dict[str, Any], why: str) -> None:
    assert why in needs_no_action(alert(**told), NOW)


def test_what_is_unknown_counts_as_dangerous() -> None:
    unknown = alert(severity="unknown", urgency="unknown", expires=None)
    assert needs_no_action(unknown, NOW) == ""


@pytest.mark.parametrize("status", ["exercise", "test", "system", "draft"])
def test_a_drill_cannot_be_read_as_an_alert(status: str) -> None:
    with pytest.raises(Unreadable, match="status"):
        read_alert(alert_data(status=status))


def square(lon: float, lat: float, half: float) -> dict[str, Any]:
    ring = [
        [lon - half, lat - half],
        [lon + half, lat - half],
        [lon + half, lat + half],
        [lon - half, lat + half],
        [lon - half, lat - half],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def area(geometry: dict[str, Any] | None = None, *codes: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "somewhere"}
    found["codes"] = [{"scheme": "any", "value": code} for code in codes]
    return found if geometry is None else {**found, "geometry": geometry}


def test_the_patches_of_an_area_in_the_city_are_looked_at_largest_first() -> None:
    small, large = square(139.88, 36.55, 0.005), square(139.86, 36.56, 0.01)
    found = alerted_in(MIRAI, alert(areas=[area(small), area(large)]))
    assert [round(p.centre[0], 2) for p in found] == [139.86, 139.88]


def test_an_area_elsewhere_is_no_concern() -> None:
    tonga = square(-173.9, -18.9, 1)
    assert alerted_in(MIRAI, alert(areas=[area(tonga)])) == ()


def test_a_narrow_area_that_passes_by_is_no_concern() -> None:
    # its bounding circle reaches the city, it does not
    ring = [[139.0, 36.9], [140.8, 36.9], [140.8, 36.91], [139.0, 36.91], [139.0, 36.9]]
    along = {"type": "Polygon", "coordinates": [ring]}
    assert alerted_in(MIRAI, alert(areas=[area(along)])) == ()


def test_an_area_larger_than_the_city_stands_for_the_city() -> None:
    (patch,) = alerted_in(MIRAI, alert(areas=[area(square(139.88, 36.55, 1))]))
    assert patch.centre == pytest.approx(MIRAI.centre)
    assert patch.radius == pytest.approx(MIRAI.radius, rel=0.01)


@pytest.mark.parametrize("code", ["099999", "09999", "0999900", "09", "090000"])
def test_an_area_known_by_code_is_the_city(code: str) -> None:
    assert len(alerted_in(MIRAI, alert(areas=[area(None, code)]))) == 1


@pytest.mark.parametrize("code", ["27", "270000", "0920100", "092011", "9", "0"])
def test_the_code_of_another_place_is_elsewhere(code: str) -> None:
    assert alerted_in(MIRAI, alert(areas=[area(None, code)])) == ()


def test_a_mere_point_is_its_surroundings() -> None:
    told = alert(areas=[area({"type": "Point", "coordinates": [139.88, 36.55]})])
    (patch,) = alerted_in(MIRAI, told)
    assert isinstance(patch, Patch)
    assert patch.radius == pytest.approx(1_000, rel=0.01)


@pytest.mark.parametrize(
    ("texts", "hazard"),
    [
        (("Flash Flood Warning",), "inland-flood"),
        (("River flood warning",), "flood"),
        (("氾濫危険情報",), "flood"),
        (("内水氾濫危険情報",), "inland-flood"),
        (("大津波警報", "地震により"), "tsunami"),
        (("Earthquake",), "earthquake"),
        (("震度速報",), "earthquake"),
        (("土砂災害警戒情報",), "landslide"),
        (("高潮特別警報",), "storm-surge"),
        (("噴火警報",), "volcano"),
        (("Warning", "wild FIRE near the hills"), "fire"),
        (("Thunderstorm",), ""),
    ],
)
def test_the_hazard_is_read_from_the_event_first(texts: tuple[str, ...], hazard: str) -> None:
    assert hazard_of(*texts) == hazard


def test_times_are_compared_across_zones() -> None:
    late = alert(expires="2026-11-24T10:00:00+09:00")
    assert needs_no_action(late, datetime(2026, 11, 24, 0, 59, tzinfo=UTC)) == ""
    assert needs_no_action(late, datetime(2026, 11, 24, 1, 0, tzinfo=UTC)) != ""
