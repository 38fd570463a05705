from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from schemas.context import ENTITY_CHANGED
from tests.services.broker.context.samples import BATCH, ENTITIES, get, place, prop, upsert, vehicle
from tests.services.broker.running import ALL, OPEN, listening, party

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


async def test_an_entity_comes_back_as_it_was_created(api: httpx.AsyncClient) -> None:
    entity = vehicle(
        speed=prop(50.5, unitCode="KMH", observedAt="2026-04-01T00:00:00Z"),
        service={"type": "Relationship", "object": "urn:ngsi-ld:Service:8"},
        name={"type": "LanguageProperty", "languageMap": {"ja": "市バス", "en": "City bus"}},
        doors=prop([1, 2, {"wide": True}]),
        location=place(139.88, 36.55),
        state={"type": "JsonProperty", "json": {"raw": None}},
        route=prop("8", certainty=prop(0.9, by=prop("operator"))),
    )
    answer = await api.post(ENTITIES, json=entity)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{ENTITIES}/{entity['id']}"
    assert (await api.get(answer.headers["location"])).json() == entity


async def test_an_id_is_given_once(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(api.post(ENTITIES, json=vehicle()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {a.json()["type"] for a in answers if a.status_code == 409} == {ERRORS + "AlreadyExists"}


async def test_names_are_stored_expanded(api: httpx.AsyncClient) -> None:
    body = {
        "id": "urn:ngsi-ld:Vehicle:1",
        "type": "Car",
        "tempo": prop(3),
        "@context": [{"ex": "https://example.org/", "Car": "ex:Vehicle", "tempo": "ex:speed"}],
    }
    answer = await api.post(ENTITIES, json=body, headers={"content-type": "application/ld+json"})
    assert answer.status_code == 201
    found = await get(api, vehicle())
    assert found["type"] == "https://example.org/Vehicle"
    assert found["https://example.org/speed"] == prop(3)


async def test_the_three_representations(api: httpx.AsyncClient) -> None:
    entity = vehicle(speed=prop(5), name=prop("a", source=prop("x")), location=place(1, 2))
    await upsert(api, entity)
    simple = await get(api, entity, options="keyValues")
    assert simple == {
        **vehicle(),
        "speed": 5,
        "name": "a",
        "location": {"type": "Point", "coordinates": [1, 2]},
    }
    concise = await get(api, entity, options="concise")
    assert concise["speed"] == 5
    assert concise["name"] == {"value": "a", "source": "x"}


@pytest.mark.parametrize("form", ["keyValues", "concise", "normalized"])
async def test_what_was_read_can_be_written(api: httpx.AsyncClient, form: str) -> None:
    entity = vehicle(speed=prop(5), location=place(1, 2), tags=prop(["a", "b"]))
    await upsert(api, entity)
    read = await get(api, entity, options=form)
    await upsert(api, read)
    assert await get(api, entity) == entity


async def test_system_times_are_shown_when_asked_for(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(5)))
    found = await get(api, vehicle(), options="sysAttrs")
    assert found["createdAt"] == found["speed"]["createdAt"] <= found["modifiedAt"]
    assert "createdAt" not in await get(api, vehicle())


async def test_json_ld_brings_its_context(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(5)))
    answer = await api.get(
        f"{ENTITIES}/{vehicle()['id']}", headers={"accept": "application/ld+json"}
    )
    assert answer.headers["content-type"] == "application/ld+json"
    assert "ngsi-ld-core-context" in answer.json()["@context"]
    plain = await api.get(f"{ENTITIES}/{vehicle()['id']}")
    assert "json-ld#context" in plain.headers["link"]


async def test_several_instances_are_told_apart_by_dataset(api: httpx.AsyncClient) -> None:
    two = [prop(1), prop(2, datasetId="urn:ngsi-ld:Dataset:gps")]
    await upsert(api, vehicle(speed=two))
    change = {"speed": prop(9, datasetId="urn:ngsi-ld:Dataset:gps")}
    await api.post(f"{ENTITIES}/{vehicle()['id']}/attrs", json=change)
    found = await get(api, vehicle())
    assert [instance["value"] for instance in found["speed"]] == [1, 9]


async def test_attributes_are_appended_and_overwritten(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(1)))
    path = f"{ENTITIES}/{vehicle()['id']}/attrs"
    assert (await api.post(path, json={"speed": prop(2), "fuel": prop(3)})).status_code == 204
    kept = await api.post(f"{path}?options=noOverwrite", json={"speed": prop(9), "seats": prop(4)})
    assert kept.status_code == 207
    assert kept.json()["updated"] == [DEFAULT + "seats"]
    assert kept.json()["notUpdated"][0]["attributeName"] == DEFAULT + "speed"
    found = await get(api, vehicle(), options="keyValues")
    assert found == vehicle(speed=2, fuel=3, seats=4)


async def test_updating_replaces_adds_and_removes(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(1, unitCode="KMH"), seats=prop(4)))
    change = {"speed": prop(2), "fuel": prop(3), "seats": prop("urn:ngsi-ld:null")}
    answer = await api.patch(f"{ENTITIES}/{vehicle()['id']}/attrs", json=change)
    assert answer.status_code == 204
    assert await get(api, vehicle()) == vehicle(speed=prop(2), fuel=prop(3))


async def test_part_of_an_attribute_is_updated(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(1, unitCode="KMH")))
    path = f"{ENTITIES}/{vehicle()['id']}/attrs"
    assert (await api.patch(f"{path}/speed", json={"value": 2})).status_code == 204
    assert (await get(api, vehicle()))["speed"] == prop(2, unitCode="KMH")
    assert (await api.patch(f"{path}/speed", json={"unitCode": "MTS"})).status_code == 204
    assert (await get(api, vehicle()))["speed"] == prop(2, unitCode="MTS")
    assert (await api.patch(f"{path}/nothing", json={"value": 2})).status_code == 404


async def test_an_entity_is_merged(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(a=prop({"x": 1, "y": 2}), b=prop(1), c=prop(2, unitCode="KMH")))
    change = {"a": prop({"y": 3, "z": 4}), "b": "urn:ngsi-ld:null", "c": prop(5)}
    answer = await api.patch(f"{ENTITIES}/{vehicle()['id']}", json=change)
    assert answer.status_code == 204
    assert await get(api, vehicle()) == vehicle(
        a=prop({"x": 1, "y": 3, "z": 4}), c=prop(5, unitCode="KMH")
    )


async def test_an_entity_is_replaced(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(1)))
    answer = await api.put(f"{ENTITIES}/{vehicle()['id']}", json=vehicle(fuel=prop(2)))
    assert answer.status_code == 204
    assert await get(api, vehicle()) == vehicle(fuel=prop(2))


async def test_attributes_and_entities_are_deleted(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=[prop(1), prop(2, datasetId="urn:d:1")], fuel=prop(3)))
    path = f"{ENTITIES}/{vehicle()['id']}"
    assert (await api.delete(f"{path}/attrs/speed?datasetId=urn:d:1")).status_code == 204
    assert (await get(api, vehicle()))["speed"] == prop(1)
    assert (await api.delete(f"{path}/attrs/speed?deleteAll=true")).status_code == 204
    assert (await api.delete(f"{path}/attrs/speed")).status_code == 404
    assert await get(api, vehicle()) == vehicle(fuel=prop(3))
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).status_code == 404
    gone = await api.get(path)
    assert (gone.status_code, gone.json()["type"]) == (404, ERRORS + "ResourceNotFound")


async def test_every_change_is_announced_and_no_other(api: httpx.AsyncClient) -> None:
    entity = vehicle(speed=prop(1), fuel=prop(2))
    async with listening(api, ENTITY_CHANGED) as stream:
        await upsert(api, entity)
        await upsert(api, entity)  # changes nothing: told to nobody
        await upsert(api, vehicle(speed=prop(3), fuel=prop(2)))
        await api.delete(f"{ENTITIES}/{entity['id']}")
        await stream.until(3)
    said = [event["data"] for event in stream.events]
    assert [(d["change"], d["attributes"]) for d in said] == [
        ("created", ["fuel", "speed"]),
        ("updated", ["speed"]),
        ("deleted", ["fuel", "speed"]),
    ]
    assert said[0]["entity"] == entity
    assert "entity" not in said[2]
    assert {event["subject"] for event in stream.events} == {entity["id"]}


async def test_an_update_that_changes_nothing_keeps_the_time(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(speed=prop(1)))
    before = await get(api, vehicle(), options="sysAttrs")
    await upsert(api, vehicle(speed=prop(1)))
    assert await get(api, vehicle(), options="sysAttrs") == before


async def test_updates_at_once_lose_nothing(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(start=prop(0)))
    path = f"{ENTITIES}/{vehicle()['id']}/attrs"
    answers = await asyncio.gather(*(api.post(path, json={f"a{n}": prop(n)}) for n in range(12)))
    assert {answer.status_code for answer in answers} == {204}
    found = await get(api, vehicle(), options="keyValues")
    assert found == vehicle(start=0, **{f"a{n}": n for n in range(12)})


async def test_persons_are_not_there_for_those_who_may_not_see_them(url: str) -> None:
    patient = {"id": "urn:ngsi-ld:TestPatient:1", "type": "TestPatient", "name": prop("山田")}
    path = f"{ENTITIES}/{patient['id']}"
    async with (
        party(url, scope=OPEN) as plain,
        party(url, scope=ALL) as trusted,
        listening(plain, ENTITY_CHANGED) as outside,
        listening(trusted, ENTITY_CHANGED) as inside,
    ):
        await upsert(trusted, patient)
        await upsert(plain, vehicle(speed=prop(1)))
        await inside.until(2)
        await outside.until(1)
        assert (await trusted.get(path)).json() == patient
        for refused in (
            await plain.get(path),
            await plain.delete(path),
            await plain.patch(path, json={"name": prop("x")}),
        ):
            assert refused.status_code == 404
        assert (await plain.get(ENTITIES, params={"type": "TestPatient"})).json() == []
        found = await trusted.get(ENTITIES, params={"type": "TestPatient"})
        assert len(found.json()) == 1
        batch = await plain.post(f"{BATCH}/delete", json=[patient["id"]])
        assert batch.status_code == 207
    assert [event["subject"] for event in outside.events] == [vehicle()["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Vehicle"},
        vehicle("a\x00b"),
        vehicle(speed=prop("a\x00b")),
        {"id": "no uri", "type": "Vehicle"},
        {"id": "urn:ngsi-ld:Vehicle:1"},
        {"id": "urn:ngsi-ld:Vehicle:1", "type": 5},
        [],
        5,
        vehicle(speed={"type": "Property"}),
        vehicle(speed=prop(None)),
        vehicle(speed=prop(1, observedAt="yesterday")),
        vehicle(service={"type": "Relationship", "object": 5}),
        vehicle(location={"type": "GeoProperty", "value": {"type": "Point"}}),
        vehicle(location=place(139, 95)),
        vehicle(**{"na me": prop(1)}),
        vehicle(**{'na"me': prop(1)}),
        vehicle(speed=[prop(1), prop(2)]),
        {**vehicle(), "@context": "https://example.org/context.jsonld"},
    ],
)
async def test_what_is_no_entity_is_refused(api: httpx.AsyncClient, body: Any) -> None:
    answer = await api.post(ENTITIES, json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] in (ERRORS + "BadRequestData", ERRORS + "InvalidRequest")
    assert answer.json()["detail"]


async def test_only_json_is_read(api: httpx.AsyncClient) -> None:
    answer = await api.post(ENTITIES, content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    answer = await api.post(ENTITIES, content=b"{", headers={"content-type": "application/json"})
    assert answer.json()["type"] == ERRORS + "InvalidRequest"


async def test_an_entity_cannot_grow_without_end(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.broker.context.entities.MOST_ENTITY_BYTES", 500)
    await upsert(api, vehicle(a=prop("x")))
    answer = await api.post(f"{ENTITIES}/{vehicle()['id']}/attrs", json={"b": prop("x" * 500)})
    assert answer.status_code == 400
    assert await get(api, vehicle()) == vehicle(a=prop("x"))


async def test_an_entity_too_large_to_announce_is_named_only(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.broker.context.announce.MOST_BYTES", 500)
    async with listening(api, ENTITY_CHANGED) as stream:
        await upsert(api, vehicle(a=prop("x" * 500)))
        await stream.until(1)
    assert "entity" not in stream.events[0]["data"]
    assert stream.events[0]["data"]["attributes"] == ["a"]
