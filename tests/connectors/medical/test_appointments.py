"""Appointments: booked for the resident who is there, told with their place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connectors.medical.appointments import DATASET
from connectors.medical.connector import MedicalConnector
from connectors.medical.sample import organizations
from gateway.core.consent.tree import limited, tree_of
from tests.connectors.harness import Running, running
from tests.connectors.medical.examples import bundle, patient

PATH = "/medical/v1/residents/me/appointments"
ME = {"x-city-subject": "pseudonym-1", "x-city-client": "booking-app"}


def appointment(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "serviceType": [{"text": "循環器内科"}],
        "reasonCode": [{"text": "胸の痛み"}],
        "start": "2026-12-03T09:00:00+09:00",
        "end": "2026-12-03T09:30:00+09:00",
        "participant": [
            {"actor": {"reference": "Patient/me"}, "status": "accepted"},
            {"actor": {"reference": "Location/mirai-general"}, "status": "accepted"},
        ],
        **more,
    }


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(MedicalConnector, tmp_path) as found:
        moment = found.connector.clock()
        feed = {"content-type": "application/fhir+json"}
        answer = await found.api.put(
            "/medical/v1/feeds/organizations", content=organizations(moment), headers=feed
        )
        assert answer.status_code < 300, answer.text
        await found.api.post("/medical/v1/fhir", content=bundle(patient("p1"), patient("p2")))
        link = {"subject": "pseudonym-1", "localId": "p1"}
        await found.api.post("/medical/v1/links", json=link)
        yield found


async def test_an_appointment_is_booked_and_told_with_its_place(run: Running) -> None:
    booked = await run.api.post(PATH, json=appointment(), headers=ME)
    assert booked.status_code == 201, booked.text
    (entry,) = (await run.api.get(PATH, headers=ME)).json()["entry"]
    assert entry["resource"] == booked.json()
    (place,) = entry["resource"]["contained"]
    assert place["name"] == "みらい市立総合病院"
    assert place["position"] == {"longitude": 139.8826, "latitude": 36.5552}
    actors = [one["actor"]["reference"] for one in entry["resource"]["participant"]]
    assert actors == ["Patient/p1", "#place"]
    other = await run.api.get(PATH, headers={**ME, "x-city-subject": "pseudonym-2"})
    assert other.status_code == 404


async def test_time_and_place_are_time_and_place_and_nothing_else(run: Running) -> None:
    await run.api.post(PATH, json=appointment(comment="秘密"), headers=ME)
    whole = (await run.api.get(PATH, headers=ME)).json()
    paths = [path for one in DATASET.fields if one.id in ("time", "place") for path in one.paths]
    seen = limited(whole, tree_of(paths))
    (entry,) = seen["entry"]
    assert entry == {
        "resource": {
            "resourceType": "Appointment",
            "status": "booked",
            "start": "2026-12-03T09:00:00+09:00",
            "end": "2026-12-03T09:30:00+09:00",
            "contained": [
                {
                    "resourceType": "Location",
                    "name": "みらい市立総合病院",
                    "address": {"text": "みらい市中央一丁目1番1号"},
                    "position": {"longitude": 139.8826, "latitude": 36.5552},
                }
            ],
        }
    }
    assert "p1" not in json.dumps(seen)


async def test_a_booking_that_is_repeated_is_made_once(run: Running) -> None:
    headers = {**ME, "idempotency-key": "k1"}
    first, again = [await run.api.post(PATH, json=appointment(), headers=headers) for _ in "12"]
    assert first.json()["id"] == again.json()["id"]
    moved = appointment(start="2026-12-03T09:10:00+09:00")
    assert (await run.api.post(PATH, json=moved, headers=headers)).status_code == 409
    assert (await run.api.get(PATH, headers=ME)).json()["total"] == 1


_HERE = {"actor": {"reference": "Location/mirai-general"}, "status": "accepted"}


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"resourceType": "Patient", "id": "p2"}, "/resourceType"),
        (appointment(status="perhaps"), "/status"),
        (appointment(participant=[]), "/participant"),
        (appointment(participant=[{**_HERE, "actor": {"reference": "Location/moon"}}]), "/partici"),
        (
            appointment(participant=[_HERE, {**_HERE, "actor": {"reference": "Patient/p2"}}]),
            "/participant/1/actor/reference",
        ),
        (appointment(contained=[{"resourceType": "Location", "id": "x"}]), "/contained"),
        ([], "/resourceType"),
    ],
)
async def test_what_is_no_appointment_of_the_resident_is_refused(
    run: Running, sent: Any, where: str
) -> None:
    answer = await run.api.post(PATH, json=sent, headers=ME)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["where"].startswith(where)
    assert (await run.api.get(PATH, headers=ME)).json()["total"] == 0
