from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.medical.connector import MedicalConnector
from tests.connectors.harness import Running, running
from tests.connectors.medical.examples import bundle, observation, patient
from tests.foreign import foreign

FHIR = "/medical/v1/fhir"
RECORDS = "/medical/v1/residents/me/records"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Each store that the platform speaks; SQLite is the connector's own default."""
    if request.param == "sqlite":
        return ""
    return str(request.getfixturevalue("postgres_once"))


async def link(run: Running, subject: str, patient: str) -> dict[str, str]:
    """Link a resident; returns the headers with which the gateway would name them."""
    body = {"subject": subject, "localId": patient}
    assert (await run.api.post("/medical/v1/links", json=body)).status_code == 204
    return {"x-city-subject": subject}


async def resources(run: Running, headers: dict[str, str], query: str = "") -> list[Any]:
    answer = await run.api.get(RECORDS + query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return [entry["resource"] for entry in answer.json()["entry"]]


async def test_foreign_resources_come_out_equal(tmp_path: Path) -> None:
    sent = [
        foreign(f"medical/{name}-example.json").read_bytes() for name in ("patient", "observation")
    ]
    async with running(MedicalConnector, tmp_path) as run:
        for raw in sent:
            answer = await run.api.post(FHIR, content=raw)
            assert answer.json()["entry"][0]["response"]["status"] == "201 Created"
        found = await resources(run, await link(run, "pseudonym-1", "example"))
        wanted = [json.loads(raw) for raw in sent]
        assert sorted(found, key=lambda r: r["resourceType"], reverse=True) == wanted
        await run.said.until(lambda said: len(said.entities()) == 2)
        entities = run.said.entities()
        observed = entities["urn:ngsi-ld:Observation:example"]
        assert observed["value"]["value"] == 185
        assert observed["unit"]["value"] == "lbs"
        assert observed["code"]["value"] == "Body Weight"
        assert observed["effective"]["value"] == "2016-03-28"
        assert observed["resource"]["value"] == wanted[1]
        assert observed["patient"]["object"] == "urn:ngsi-ld:Patient:example"
        person = entities["urn:ngsi-ld:Patient:example"]
        assert person["name"]["value"] == "Peter James Chalmers"
        assert person["birthDate"]["value"] == "1974-12-25"


async def test_decimals_keep_their_digits(tmp_path: Path) -> None:
    raw = bundle(patient(), observation(valueQuantity={"value": 54.25}))
    async with running(MedicalConnector, tmp_path) as run:
        await run.api.post(FHIR, content=raw.replace(b"54.25", b"54.200"))
        answer = await run.api.get(RECORDS, headers=await link(run, "pseudonym-1", "p1"))
        assert b'"value":54.200' in answer.content


async def test_a_resident_sees_their_own_records_and_never_anothers(
    tmp_path: Path, store_url: str
) -> None:
    raw = bundle(patient("a"), patient("b"), observation("of-b", "Patient/b"))
    async with running(MedicalConnector, tmp_path, store_url=store_url) as run:
        assert (await run.api.post(FHIR, content=raw)).status_code == 200
        mine = await link(run, "pseudonym-a", "a")
        assert [r["id"] for r in await resources(run, mine)] == ["a"]
        other = await run.api.get(
            "/medical/v1/residents/pseudonym-b/records", headers=mine | {"x-city-client": "app"}
        )
        nobody = await run.api.get(RECORDS)
        unlinked = await run.api.get(RECORDS, headers={"x-city-subject": "pseudonym-c"})
        assert (other.status_code, nobody.status_code, unlinked.status_code) == (404, 403, 404)


async def test_records_are_chosen_by_type_and_come_newest_first(
    tmp_path: Path, store_url: str
) -> None:
    raw = bundle(
        patient(),
        observation("old", effectiveDateTime="2020"),
        observation("new", effectiveDateTime="2026-11-01T09:00:00+09:00"),
    )
    async with running(MedicalConnector, tmp_path, store_url=store_url) as run:
        await run.api.post(FHIR, content=raw)
        me = await link(run, "pseudonym-1", "p1")
        found = await resources(run, me, "?type=Observation,Condition")
        assert [r["id"] for r in found] == ["new", "old"]
        assert [r["id"] for r in await resources(run, me, "?limit=1&offset=1")] == ["old"]
        first = (await run.api.get(f"{RECORDS}?type=Observation&limit=1", headers=me)).json()
        second = (await run.api.get(first["link"][0]["url"], headers=me)).json()
        assert [e["resource"]["id"] for e in first["entry"] + second["entry"]] == ["new", "old"]
        assert "link" not in second
        unknown = await run.api.get(f"{RECORDS}?type=Claim", headers=me)
        assert unknown.status_code == 422


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (observation(about="Patient/nobody"), "Patient/nobody is not known"),
        (observation(about="Group/g1"), "about no patient"),
        (observation(about="https://elsewhere.example/Patient/p1"), "about no patient"),
    ],
)
async def test_a_bundle_that_does_not_fit_is_refused_whole(
    tmp_path: Path, resource: dict[str, Any], what: str
) -> None:
    async with running(MedicalConnector, tmp_path) as run:
        refused = await run.api.post(FHIR, content=bundle(patient(), resource))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"] == "/entry/1/resource"
        assert what in refused.json()["errors"][0]["what"]
        headers = await link(run, "pseudonym-1", "p1")
        assert await resources(run, headers) == []
        assert run.said.entities() == {}


async def test_a_record_does_not_change_hands(tmp_path: Path) -> None:
    async with running(MedicalConnector, tmp_path) as run:
        await run.api.post(FHIR, content=bundle(patient("a"), patient("b")))
        await run.api.post(FHIR, content=json.dumps(observation(about="Patient/a")).encode())
        moved = await run.api.post(
            FHIR, content=json.dumps(observation(about="Patient/b")).encode()
        )
        assert moved.status_code == 422


async def test_sending_again_changes_nothing_and_a_change_is_a_new_version(
    tmp_path: Path, store_url: str
) -> None:
    async with running(MedicalConnector, tmp_path, store_url=store_url) as run:

        async def send(**more: Any) -> dict[str, Any]:
            answer = await run.api.post(FHIR, content=json.dumps(patient(**more)).encode())
            response: dict[str, Any] = answer.json()["entry"][0]["response"]
            return response

        first = await send()
        await run.said.until(lambda said: said.messages)  # or the change would take its place
        again, changed = await send(), await send(gender="female")
        assert (first["status"], again["status"]) == ("201 Created", "200 OK")
        assert first["location"] == again["location"] == "Patient/p1/_history/1"
        assert changed["location"] == "Patient/p1/_history/2"
        await run.said.until(lambda said: len(said.messages) == 2)


async def test_the_same_bundles_at_once_are_kept_once(tmp_path: Path, store_url: str) -> None:
    parts = [patient(), *(observation(f"o{number}") for number in range(5))]
    forth, back = bundle(*parts), bundle(*reversed(parts))
    async with running(MedicalConnector, tmp_path, store_url=store_url) as run:
        sending = (run.api.post(FHIR, content=raw) for raw in (forth, back) * 4)
        answers = await asyncio.gather(*sending)
        assert {answer.status_code for answer in answers} == {200}
        responses = [entry["response"] for a in answers for entry in a.json()["entry"]]
        assert [r["status"] for r in responses].count("201 Created") == len(parts)
        assert all(r["location"].endswith("/_history/1") for r in responses)


async def test_references_within_a_transaction_are_followed(tmp_path: Path) -> None:
    url = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"
    document = json.loads(bundle(patient(), observation(about=url), kind="transaction"))
    document["entry"][0]["fullUrl"] = url
    async with running(MedicalConnector, tmp_path) as run:
        assert (await run.api.post(FHIR, json=document)).status_code == 200
        found = await resources(run, await link(run, "pseudonym-1", "p1"), "?type=Observation")
        assert [r["id"] for r in found] == ["o1"]


async def test_an_appointment_belongs_to_the_patient_among_its_participants(tmp_path: Path) -> None:
    appointment = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "booked",
        "start": "2026-12-03T09:00:00+09:00",
        "end": "2026-12-03T09:30:00+09:00",
        "participant": [
            {"actor": {"reference": "Location/l1"}, "status": "accepted"},
            {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
        ],
    }
    async with running(MedicalConnector, tmp_path) as run:
        answer = await run.api.post(FHIR, content=bundle(patient(), appointment))
        assert answer.status_code == 200, answer.text
        found = await resources(run, await link(run, "pseudonym-1", "p1"), "?type=Appointment")
        assert found == [appointment]


@pytest.mark.parametrize("resident", ["hana", "taro", "kenji"])
async def test_the_sample_residents_have_records(tmp_path: Path, resident: str) -> None:
    async with running(MedicalConnector, tmp_path, sample=True) as run:
        headers = await link(run, f"pseudonym-{resident}", f"patient-{resident}")
        found = await resources(run, headers)
        assert {"Patient", "Observation", "Immunization"} <= {r["resourceType"] for r in found}
        people = [r["id"] for r in found if r["resourceType"] == "Patient"]
        assert people == [f"patient-{resident}"]


async def test_records_survive_a_restart(tmp_path: Path) -> None:
    async with running(MedicalConnector, tmp_path) as run:
        await run.api.post(FHIR, content=bundle(patient()))
        headers = await link(run, "pseudonym-1", "p1")
    async with running(MedicalConnector, tmp_path) as run:
        assert await resources(run, headers) == [patient()]


async def test_a_document_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.medical.api.INGEST_LIMIT", 20)
    async with running(MedicalConnector, tmp_path) as run:
        assert (await run.api.post(FHIR, content=bundle(patient()))).status_code == 413
