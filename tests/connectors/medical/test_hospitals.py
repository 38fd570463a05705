from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.medical import sample
from connectors.medical.connector import MedicalConnector
from connectors.medical.hospitals import EMERGENCY_CATEGORY, MEASURED_VALUES, parse
from schemas.problem import Problem, Unprocessable
from tests.connectors.harness import fixed, running

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)


def counts(**beds: int) -> list[dict[str, Any]]:
    return [
        {"code": {"coding": [{"system": MEASURED_VALUES, "code": code}]}, "count": count}
        for code, count in beds.items()
    ]


def document() -> dict[str, Any]:
    """One hospital: its Organization, Location, emergency department and bed report."""
    system, code = EMERGENCY_CATEGORY
    owner = {"reference": "Organization/h"}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Organization", "id": "h", "name": "H", "active": True},
        {
            "resourceType": "Location",
            "id": "l",
            "position": {"latitude": 36.5, "longitude": 139.75},
            "managingOrganization": owner,
        },
        {
            "resourceType": "HealthcareService",
            "id": "s",
            "active": True,
            "providedBy": owner,
            "category": [{"coding": [{"system": system, "code": code}]}],
        },
        {
            "resourceType": "MeasureReport",
            "id": "m",
            "status": "complete",
            "type": "summary",
            "measure": "http://example.org/beds",
            "date": "2026-11-24T12:00:00+09:00",
            "reporter": owner,
            "period": {"start": "2026-11-24", "end": "2026-11-24"},
            "group": [{"population": counts(numTotBeds=100, numTotBedsAvail=7)}],
        },
    ]
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def resource(bundle: dict[str, Any], position: int) -> dict[str, Any]:
    found: dict[str, Any] = bundle["entry"][position]["resource"]
    return found


def raw(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle).encode()


def test_a_hospital_has_a_place_beds_and_emergency_acceptance() -> None:
    (one,) = parse(raw(document()))
    assert one.location is not None
    assert (one.location.latitude, one.location.longitude) == (36.5, 139.75)
    assert (one.beds_total, one.beds_available) == (100, 7)
    assert one.icu_beds_total is None
    assert one.emergency_department
    assert one.emergency_accepting
    assert one.observed_at == datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "accepting"),
    [
        ({"active": False}, False),
        ({"notAvailable": [{"description": "full", "during": {"start": "2026-11-24"}}]}, False),
        ({"notAvailable": [{"description": "done", "during": {"end": "2026-11-24"}}]}, True),
    ],
)
def test_an_emergency_department_may_be_closed(change: dict[str, Any], accepting: bool) -> None:
    bundle = document()
    resource(bundle, 2).update(change)
    (one,) = parse(raw(bundle))
    assert one.emergency_department
    assert one.emergency_accepting is accepting


@pytest.mark.parametrize(
    ("position", "element"), [(1, "managingOrganization"), (2, "providedBy"), (3, "reporter")]
)
def test_a_reference_to_nothing_is_refused(position: int, element: str) -> None:
    bundle = document()
    resource(bundle, position)[element] = {"reference": "Organization/nobody"}
    with pytest.raises(Unprocessable) as refused:
        parse(raw(bundle))
    (fault,) = refused.value.faults
    assert fault.where == f"/entry/{position}/resource/{element}/reference"


@pytest.mark.parametrize("beds", [counts(numTotBeds=3, numTotBedsAvail=4), counts(numTotBeds=-1)])
def test_impossible_bed_counts_are_refused(beds: list[dict[str, Any]]) -> None:
    bundle = document()
    resource(bundle, 3)["group"] = [{"population": beds}]
    with pytest.raises(Unprocessable):
        parse(raw(bundle))


def test_a_place_off_the_globe_is_refused() -> None:
    bundle = document()
    resource(bundle, 1)["position"]["latitude"] = 136.5
    with pytest.raises(Unprocessable):
        parse(raw(bundle))


@given(data=st.data())
def test_any_mutation_is_read_or_refused(data: st.DataObject) -> None:
    bundle = document()
    part = resource(bundle, data.draw(st.integers(0, 3)))
    shapes: list[Any] = [None, "", "x", 5, [], {}, [{}], [None], {"start": "x"}, True]
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(st.sampled_from(shapes))
    try:
        parse(raw(bundle))
    except Problem as problem:
        assert problem.status == 422


def test_the_sample_city_lives_and_is_always_possible() -> None:
    week = [NOON + timedelta(hours=hours) for hours in range(0, 24 * 7, 3)]
    cities = [parse(sample.organizations(moment)) for moment in week]
    assert {len(hospitals) for hospitals in cities} == {8}
    general = [next(h for h in city if h.id.endswith("mirai-general")) for city in cities]
    assert len({hospital.beds_available for hospital in general}) > 10
    assert sample.organizations(NOON) == sample.organizations(NOON + timedelta(minutes=4))


async def test_hospitals_are_listed_near_a_point_and_published(tmp_path: Path) -> None:
    async with running(MedicalConnector, tmp_path, sample=True, clock=fixed(NOON)) as run:
        await run.connector.feeds["organizations"].loaded.wait()
        url = "/medical/v1/hospitals"
        near = (await run.api.get(f"{url}?near=36.5509,139.8857&radius=1000")).json()
        assert [item["id"] for item in near["items"]] == [
            "urn:ngsi-ld:Hospital:eki-clinic",
            "urn:ngsi-ld:Hospital:mirai-general",
            "urn:ngsi-ld:Hospital:mirai-redcross",
        ]
        assert near["items"][0]["distance"] == 0
        assert 500 < near["items"][1]["distance"] < near["items"][2]["distance"] <= 1000
        emergency = (await run.api.get(f"{url}?emergency=true")).json()["items"]
        assert emergency
        assert all(item["emergencyAccepting"] for item in emergency)
        one = (await run.api.get(f"{url}/mirai-general")).json()
        same = (await run.api.get(f"{url}/urn:ngsi-ld:Hospital:mirai-general")).json()
        assert one == same
        await run.said.until(lambda said: one["id"] in said.entities())
        published = run.said.entities()[one["id"]]
        assert published["location"]["value"] == one["location"]
        assert published["bedsAvailable"]["value"] == one["bedsAvailable"]
        nothing = await run.api.get(f"{url}/nowhere")
        assert nothing.status_code == 404
        nonsense = await run.api.get(f"{url}?near=here")
        assert nonsense.status_code == 400


async def test_a_broken_feed_is_refused_and_what_was_there_stays(tmp_path: Path) -> None:
    feed = "/medical/v1/feeds/organizations"
    async with running(MedicalConnector, tmp_path) as run:
        good = raw(document())
        assert (await run.api.put(feed, content=good)).status_code == 200
        cut = await run.api.put(feed, content=good[: len(good) // 2])
        latin = await run.api.put(feed, content=good.replace(b'"H"', b'"\xe9"'))
        assert (cut.status_code, latin.status_code) == (422, 422)
        assert cut.json()["errors"][0]["where"].startswith("line ")
        assert (await run.api.get("/medical/v1/hospitals")).json()["total"] == 1
