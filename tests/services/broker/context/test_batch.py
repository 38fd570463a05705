from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from schemas.kit.store import Store
from services.broker import tables
from services.broker.context.tables import changes
from tests.services.broker.context.samples import BATCH, ENTITIES, get, prop, upsert, vehicle


@pytest.fixture
async def store(store_url: str, url: str) -> AsyncIterator[Store]:
    store = Store(store_url, tables.COMPONENT, tables.metadata)
    yield store
    await store.close()


async def test_upsert_says_which_are_new(api: httpx.AsyncClient) -> None:
    one, two = vehicle("1", a=prop(1)), vehicle("2", a=prop(1))
    first = await api.post(f"{BATCH}/upsert", json=[one])
    assert (first.status_code, first.json()) == (201, [one["id"]])
    second = await api.post(f"{BATCH}/upsert", json=[one, two])
    assert (second.status_code, second.json()) == (201, [two["id"]])
    third = await api.post(f"{BATCH}/upsert", json=[one, two])
    assert (third.status_code, third.content) == (204, b"")


async def test_upsert_replaces_unless_it_updates(api: httpx.AsyncClient) -> None:
    await upsert(api, vehicle(a=prop(1), b=prop(2)))
    await api.post(f"{BATCH}/upsert?options=update", json=[vehicle(b=prop(3))])
    assert await get(api, vehicle(), options="keyValues") == vehicle(a=1, b=3)
    await upsert(api, vehicle(b=prop(4)))
    assert await get(api, vehicle(), options="keyValues") == vehicle(b=4)


async def test_what_is_refused_is_named_and_the_rest_is_done(api: httpx.AsyncClient) -> None:
    bad = {"id": "urn:ngsi-ld:Vehicle:9", "type": "Vehicle", "location": {"type": "GeoProperty"}}
    answer = await api.post(f"{BATCH}/upsert", json=[vehicle(a=prop(1)), bad, "nonsense"])
    assert answer.status_code == 207
    body = answer.json()
    assert body["success"] == [vehicle()["id"]]
    assert [error["entityId"] for error in body["errors"]] == [bad["id"], ""]
    assert body["errors"][0]["error"]["type"].endswith("BadRequestData")
    assert await get(api, vehicle()) == vehicle(a=prop(1))


async def test_the_same_entity_twice_in_a_batch_is_applied_in_order(
    api: httpx.AsyncClient,
) -> None:
    batch = [vehicle(a=prop(1)), vehicle(a=prop(2), b=prop(3))]
    answer = await api.post(f"{BATCH}/upsert?options=update", json=batch)
    assert answer.json() == [vehicle()["id"]]
    assert await get(api, vehicle(), options="keyValues") == vehicle(a=2, b=3)


async def test_create_update_and_delete(api: httpx.AsyncClient) -> None:
    one, two = vehicle("1", a=prop(1)), vehicle("2", a=prop(1))
    created = await api.post(f"{BATCH}/create", json=[one])
    assert (created.status_code, created.json()) == (201, [one["id"]])
    again = await api.post(f"{BATCH}/create", json=[one, two])
    assert again.status_code == 207
    assert again.json()["success"] == [two["id"]]
    updated = await api.post(f"{BATCH}/update", json=[vehicle("1", a=prop(5)), vehicle("3")])
    assert updated.status_code == 207
    assert [e["entityId"] for e in updated.json()["errors"]] == [vehicle("3")["id"]]
    assert (await get(api, one))["a"] == prop(5)
    deleted = await api.post(f"{BATCH}/delete", json=[one["id"], two["id"]])
    assert deleted.status_code == 204
    assert (await api.get(f"{ENTITIES}/{one['id']}")).status_code == 404


async def test_batches_at_once_over_the_same_entities_all_succeed(
    api: httpx.AsyncClient,
) -> None:
    """In opposite orders: no deadlock, no lost update, no 500."""
    names = [str(n) for n in range(20)]
    batches = [
        [vehicle(name, **{f"w{writer}": prop(1)}) for name in names[:: 1 if writer % 2 else -1]]
        for writer in range(6)
    ]
    answers = await asyncio.gather(
        *(api.post(f"{BATCH}/upsert?options=update", json=batch) for batch in batches)
    )
    assert {answer.status_code for answer in answers} <= {201, 204}
    for name in names:
        found = await get(api, vehicle(name), options="keyValues")
        assert found == vehicle(name, **{f"w{writer}": 1 for writer in range(6)})


async def test_every_change_is_kept_with_its_time(api: httpx.AsyncClient, store: Store) -> None:
    """The past is append-only, from the first day: temporal queries will need it."""
    await upsert(api, vehicle(a=prop(1), b=prop(1)))
    await upsert(api, vehicle(a=prop(2), b=prop(1)))
    await upsert(api, vehicle(a=prop(2)))
    await api.delete(f"{ENTITIES}/{vehicle()['id']}")
    async with store.read() as connection:
        query = select(changes).order_by(changes.c.row)
        rows = (await connection.execute(query)).all()
    prefix = "https://uri.etsi.org/ngsi-ld/default-context/"
    past = [
        (
            row.change,
            {
                name.removeprefix(prefix): value and value[0]["value"]
                for name, value in row.attributes.items()
            },
        )
        for row in rows
    ]
    assert past == [
        ("created", {"a": 1, "b": 1}),
        ("updated", {"a": 2}),
        ("updated", {"b": None}),
        ("deleted", {"a": None}),
    ]
    assert [row.at for row in rows] == sorted(row.at for row in rows)


@pytest.mark.parametrize("body", [[], {}, "x", [vehicle(str(n)) for n in range(1001)]])
async def test_what_is_no_batch_is_refused(api: httpx.AsyncClient, body: object) -> None:
    answer = await api.post(f"{BATCH}/upsert", json=body)
    assert answer.status_code == 400
