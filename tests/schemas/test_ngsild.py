from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.ngsild import Entity, Point, Relationship, Unit, timestamp, urn


class Tram(Entity):
    entity_type = "Tram"

    name: str
    location: Point
    top_speed: Annotated[float | None, Unit("KMH")] = None
    runs_on: Annotated[str | None, Relationship()] = None


TRAM = Tram(
    id=urn("Tram", "mirai", "7"),
    name="みらい7",
    location=Point.at(36.5, 139.9),
    top_speed=40.0,
    runs_on=urn("Route", "1"),
    observed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def test_an_entity_is_plain_json_in_the_open_api() -> None:
    assert TRAM.as_keyvalues() == {
        "id": "urn:ngsi-ld:Tram:mirai:7",
        "type": "Tram",
        "name": "みらい7",
        "location": {"type": "Point", "coordinates": [139.9, 36.5]},
        "topSpeed": 40.0,
        "runsOn": "urn:ngsi-ld:Route:1",
        "observedAt": "2026-01-02T03:04:05Z",
    }


def test_an_entity_is_normalized_for_the_broker() -> None:
    entity = TRAM.as_ngsild()
    moment = "2026-01-02T03:04:05Z"
    assert entity["name"] == {"type": "Property", "value": "みらい7", "observedAt": moment}
    assert entity["topSpeed"]["unitCode"] == "KMH"
    assert entity["location"]["type"] == "GeoProperty"
    assert entity["runsOn"]["type"] == "Relationship"
    assert entity["runsOn"]["object"] == "urn:ngsi-ld:Route:1"
    assert "observedAt" not in entity


def test_absent_attributes_are_not_said() -> None:
    entity = Tram(id="urn:x:1", name="n", location=Point.at(0, 0)).as_ngsild()
    assert set(entity) == {"id", "type", "name", "location"}


@given(st.text(min_size=1, max_size=40))
def test_any_local_id_makes_a_uri(local: str) -> None:
    Tram(id=urn("Tram", local), name="n", location=Point.at(0, 0))


@pytest.mark.parametrize("where", [(91, 0), (-91, 0), (0, 181), (0, -181)])
def test_a_place_off_the_earth_is_refused(where: tuple[float, float]) -> None:
    with pytest.raises(ValidationError):
        Point.at(*where)


def test_time_is_written_in_utc() -> None:
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
