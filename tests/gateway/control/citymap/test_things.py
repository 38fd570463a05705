from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.citymap.things import is_geometry, simplified, thing
from schemas.disaster import Alert, AlertText, DrillAlert, Shelter
from schemas.mobility import Vehicle
from schemas.ngsild import Point, urn

SHELTER = Shelter(
    id=urn("Shelter", "s1"), shelter_id="s1", name="北町小学校", names={"en": "Kitamachi School"},
    location=Point(coordinates=(139.88, 36.56)), capacity=520, occupants=208, open=True,
)  # fmt: skip
BUS = Vehicle(
    id=urn("Vehicle", "b1"), fleet_vehicle_id="bus-1", label="1系統", heading=90.0, route_id="R1",
    location=Point(coordinates=(139.9, 36.5)), current_status="STOPPED_AT",
)  # fmt: skip
_SAID = {
    "sender": "city", "identifier": "a", "sent": datetime(2026, 11, 24, tzinfo=UTC),
    "alert_source": "cap", "category": "met", "event": "洪水", "severity": "severe",
    "urgency": "immediate", "certainty": "likely",
    "texts": (AlertText(language="en-US", event="Flood", headline="The river rises"),),
}  # fmt: skip
ALERT = Alert(id=urn("Alert", "a1"), **_SAID)
DRILL = DrillAlert(id=urn("DrillAlert", "d1"), status="exercise", **_SAID)


@pytest.mark.parametrize("entity", [SHELTER, BUS, ALERT, DRILL], ids=lambda one: one.entity_type)
def test_the_citys_own_entities_are_shown_alike_in_either_form(entity: Any) -> None:
    assert thing(simplified(entity.as_ngsild())) == thing(entity.as_keyvalues())


def test_a_shelter_has_its_name_in_both_languages_and_how_full_it_is() -> None:
    found = thing(SHELTER.as_keyvalues())
    assert found is not None
    assert found["name"] == {"ja": "北町小学校", "en": "Kitamachi School"}
    assert (found["occupants"], found["capacity"], found["open"]) == (208, 520, True)


def test_a_vehicle_has_where_it_is_and_heads() -> None:
    found = thing(BUS.as_keyvalues())
    assert found is not None
    assert (found["at"], found["heading"], found["route"]) == ([139.9, 36.5], 90.0, "R1")


def test_an_alert_is_told_in_the_languages_that_it_has_and_practice_is_told_apart() -> None:
    found, practised = thing(ALERT.as_keyvalues()), thing(DRILL.as_keyvalues())
    assert found is not None and practised is not None
    assert found["name"] == {"ja": "洪水", "en": "The river rises"}
    assert (found["kind"], practised["kind"]) == ("alert", "drill")


def test_what_is_over_or_about_a_person_is_not_shown() -> None:
    assert thing({**ALERT.as_keyvalues(), "state": "expired"}) is None
    assert thing({"id": "urn:x", "type": "Person", "location": {}}) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["location", "names", "name", "open", "texts", "state", "heading", "severity", "label"]
)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["Vehicle", "Shelter", "Alert", "DrillAlert", "Other"]),
    st.dictionaries(_NAMES, _JSON | st.just("active") | st.just({"type": "Point"}), max_size=6),
)
def test_anybody_may_write_entities_and_no_writing_breaks_the_map(
    kind: str, members: dict[str, Any]
) -> None:
    entity = {"id": "urn:ngsi-ld:X:1", "type": kind, **members}
    found = thing(entity)
    if found is not None:
        assert isinstance(found["name"]["ja"], str)
        assert "at" not in found or is_geometry({"type": "Point", "coordinates": found["at"]})
    simplified(entity)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [181, 0]},
        {"type": "Point", "coordinates": [float("nan"), 0]},
        {"type": "Point", "coordinates": []},
        {"type": "Polygon", "coordinates": [[0, 0]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "MultiPolygon", "coordinates": [[[[0, 0]] * 20_001]]},
        None,
    ],
)
def test_what_is_nowhere_on_earth_or_has_no_end_is_no_geometry(geometry: Any) -> None:
    assert not is_geometry(geometry)
