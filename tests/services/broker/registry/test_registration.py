from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.services.broker.domain import THING, thing
from tests.services.broker.running import listening, party, publish, running

DOCKED = "city.bikeshare.dock.filled"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"bikes": {"type": "integer", "minimum": 0}},
    "required": ["bikes"],
    "additionalProperties": False,
}
WIDER = {**SCHEMA, "properties": {**SCHEMA["properties"], "free": {"type": "integer"}}}
SCOPE = "events:read events:publish events:register"


def owner(url: str, client: str = "bikes") -> httpx.AsyncClient:
    return party(url, client=client, scope=SCOPE)


def docked(**changes: Any) -> dict[str, Any]:
    return thing(type=DOCKED, subject="dock-1", data={"bikes": 3}, **changes)


async def register(
    api: httpx.AsyncClient, schema: dict[str, Any] = SCHEMA, type_: str = DOCKED, **more: Any
) -> httpx.Response:
    return await api.post(f"/schemas/v1/{type_}/versions", json={"schema": schema, **more})


async def test_a_client_publishes_a_type_of_its_own(sqlite_url: str, log_url: str) -> None:
    """Registered, and from then on published, streamed and read like the city's own."""
    async with running(sqlite_url, log_url) as url, owner(url) as api:
        made = await register(api, description="A dock has bikes")
        assert (made.status_code, made.json()["version"]) == (201, 1)
        assert made.headers["location"] == f"/schemas/v1/{DOCKED}/versions/1"
        async with listening(api, "city.bikeshare.*") as stream:
            assert (await publish(api, docked())).status_code == 202
            (event,) = await stream.until(1)
        assert event["dataschema"] == made.headers["location"]
        assert (await api.get(event["dataschema"])).json() == SCHEMA
        body = {"types": ["city.bikeshare.dock.*"], "waitSeconds": 10}
        fetched = await api.post("/events/v1/groups/g/fetch", json=body)
        assert [one["id"] for one in fetched.json()["events"]] == [event["id"]]
        types = (await api.get("/events/v1/types")).json()["types"]
        (known,) = [one for one in types if one["type"] == DOCKED]
        assert (known["owner"], known["topic"]) == ("bikes", "city.bikeshare.dock")


async def test_a_stream_that_was_open_before_gets_the_new_type(url: str) -> None:
    async with owner(url) as api, listening(api, "city.*") as stream:
        await register(api)
        await publish(api, docked())
        (event,) = await stream.until(1)
    assert event["type"] == DOCKED


async def test_only_its_owner_publishes_a_type(url: str) -> None:
    async with owner(url) as api, owner(url, "mallory") as mallory, party(url) as city:
        await register(api)
        for other in (mallory, city):
            refused = await publish(other, docked())
            assert refused.status_code == 403
            assert DOCKED in refused.json()["errors"][0]["what"]
        assert (await publish(mallory, thing())).status_code == 403, "the city's own"
        assert (await publish(city, thing())).status_code == 202
        assert (await register(mallory, WIDER)).status_code == 403
        another = await register(mallory, type_="city.bikeshare.dock.emptied")
        assert another.status_code == 403, "the topic is taken"


async def test_the_same_again_is_no_new_version(url: str) -> None:
    async with owner(url) as api:
        await register(api)
        again = await register(api)
        assert (again.status_code, again.json()["version"]) == (200, 1)
        assert (await register(api, WIDER)).json()["version"] == 2
        listed = (await api.get(f"/schemas/v1/{DOCKED}/versions")).json()
        assert [one["version"] for one in listed["versions"]] == [1, 2]
        assert (await api.get(f"/schemas/v1/{DOCKED}")).json() == WIDER


async def test_events_keep_to_the_version_that_they_name(url: str) -> None:
    async with owner(url) as api:
        await register(api)
        await register(api, WIDER)
        first, second = (f"/schemas/v1/{DOCKED}/versions/{n}" for n in (1, 2))
        new = {"bikes": 1, "free": 2}
        assert (await publish(api, docked() | {"data": new})).status_code == 202
        old = await publish(api, docked(dataschema=first) | {"data": new})
        assert "/0/data" in {one["where"] for one in old.json()["errors"]}
        assert (await publish(api, docked(dataschema=second) | {"data": new})).status_code == 202
        none = await publish(api, docked(dataschema="https://elsewhere.example/x"))
        (fault,) = none.json()["errors"]
        assert fault["where"] == "/0/dataschema"
        assert second in fault["fix"]


async def test_a_breaking_version_names_what_breaks_and_whom(url: str) -> None:
    breaking = {**SCHEMA, "properties": {"bikes": {"type": "string"}}}
    async with owner(url) as api, owner(url, "reader") as reader:
        await register(api, compatibility="full")
        await publish(api, docked())
        body = {"types": [DOCKED], "waitSeconds": 10}
        await reader.post("/events/v1/groups/counting/fetch", json=body)
        async with listening(reader, DOCKED):
            refused = await register(api, breaking)
        assert refused.status_code == 409
        problem = refused.json()
        assert problem["type"].endswith("incompatible-schema")
        assert {one["where"] for one in problem["errors"]} == {"/schema/properties/bikes/type"}
        assert problem["breaks"] == [
            {"client": "reader", "kind": "group", "name": "counting"},
            {"client": "reader", "kind": "stream"},
        ]
        tried = await api.post(
            f"/schemas/v1/{DOCKED}/compatibility",
            json={"schema": breaking, "compatibility": "none"},
        )
        assert tried.json()["compatible"] is True
        assert [one["client"] for one in tried.json()["breaks"]] == ["reader"]
        assert (await register(api, breaking, compatibility="none")).json()["version"] == 2


@pytest.mark.parametrize(
    ("mode", "wider", "narrower"),
    [("backward", 201, 409), ("forward", 201, 201), ("full", 201, 409), ("none", 201, 201)],
)
async def test_each_mode_keeps_to_its_rule(url: str, mode: str, wider: int, narrower: int) -> None:
    """A new optional member; then it becomes required."""
    async with owner(url) as api:
        await register(api, compatibility=mode)
        assert (await register(api, WIDER)).status_code == wider
        required = {**WIDER, "required": ["bikes", "free"]}
        assert (await register(api, required)).status_code == narrower


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        ("city.disaster.alert.issued", 403),
        ("city.medical.secret.told", 403),
        ("city.context.entity.changed", 403),
        ("com.example.dock.filled", 422),
        (THING, 403),
    ],
)
async def test_the_citys_names_are_nobody_elses(url: str, type_: str, status: int) -> None:
    async with owner(url) as api:
        assert (await register(api, type_=type_)).status_code == status


async def test_what_cannot_be_compared_cannot_be_registered(url: str) -> None:
    async with owner(url) as api:
        refused = await register(api, {**SCHEMA, "not": {"required": ["x"]}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["where"] == "/schema/not"


async def test_types_about_persons_reach_only_those_who_may_see_them(url: str) -> None:
    async with owner(url) as api, party(url, scope=f"{SCOPE} events:personal") as trusted:
        await register(api, legalClass="personal")
        changed = await register(api, legalClass="open")
        assert changed.status_code == 409
        async with (
            listening(api, "city.*") as outside,
            listening(trusted, "city.*") as inside,
        ):
            await publish(api, docked())
            await inside.until(1)
    assert outside.events == []


async def test_another_process_knows_the_type_when_it_is_named(
    store_url: str, embedded_url: str
) -> None:
    async with (
        running(store_url, embedded_url) as one,
        running(store_url, embedded_url) as two,
        owner(one) as api,
        owner(two) as elsewhere,
    ):
        await register(api)
        async with listening(api, DOCKED) as stream:
            found = await elsewhere.get(f"/schemas/v1/{DOCKED}")
            while found.status_code == 404:  # asked for within a tenth of a second of another look
                found = await elsewhere.get(f"/schemas/v1/{DOCKED}")
            assert (await publish(elsewhere, docked())).status_code == 202
            await stream.until(1)


async def test_types_are_bounded_in_number(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.broker.registry.registration.MOST_TYPES", 1)
    monkeypatch.setattr("services.broker.registry.registration.MOST_VERSIONS", 1)
    async with owner(url) as api:
        await register(api)
        assert (await register(api, type_="city.bikeshare.bike.rented")).status_code == 403
        assert (await register(api, WIDER)).status_code == 403
