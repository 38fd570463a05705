"""The log of a running control plane: what is in it, and that it can be proved."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, update

from gateway.control import tables
from gateway.control.audit.checkpoint import Verifier
from gateway.control.audit.merkle import leaf_hash
from gateway.control.audit.proofs import is_consistent, is_included
from gateway.control.audit.tampered import Tampered
from gateway.control.audit.verify import Entry, verify
from tests.gateway.control.city import SECRET, City

OPERATOR = {"x-city-client": "operator-app"}


async def rotate(city: City) -> str:
    answer = await city.http.post("/control/v1/keys/rotate", json={}, headers=OPERATOR)
    return str(answer.json()["kid"])


async def get(city: City, path: str, **query: Any) -> Any:
    answer = await city.http.get(f"/audit/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def entries(city: City) -> Iterator[Entry]:
    found = await get(city, "entries")
    return (
        Entry(
            one["number"], one["entry"], bytes.fromhex(one["leaf"]), one["subject"], one["opened"]
        )
        for one in found
    )


async def notes(city: City) -> list[str]:
    return [one["note"] for one in await get(city, "checkpoints")]


async def verifier(city: City) -> Verifier:
    return Verifier.parse((await city.http.get("/audit/v1/key")).text)


async def test_what_operators_do_is_logged_with_who_and_what(city: City) -> None:
    client = {"client_name": "Buses", "scope": "mobility:read"}
    made = (await city.http.post("/control/v1/clients", json=client, headers=OPERATOR)).json()
    path = f"/control/v1/clients/{made['client_id']}"
    await city.http.patch(path, json={"scope": "mobility:read disaster:read"}, headers=OPERATOR)
    await city.http.post(f"{path}/suspend", headers=OPERATOR)
    await city.http.post(f"{path}/resume", headers=OPERATOR)
    kid = await rotate(city)
    await city.http.post("/control/v1/cache/purge", json={"all": True}, headers=OPERATOR)
    found = (await get(city, "events"))[::-1]
    assert [(one["action"], one["target"]) for one in found] == [
        ("client.register", made["client_id"]),
        ("client.change", made["client_id"]),
        ("client.suspend", made["client_id"]),
        ("client.resume", made["client_id"]),
        ("key.rotate", kid),
        ("cache.purge", "*"),
    ]
    assert {one["client"] for one in found} == {"operator-app"}
    assert found[1]["detail"]["scopes"] == ["disaster:read", "mobility:read"]
    assert [one["number"] for one in found] == list(range(6))
    assert made["client_secret"] not in (await city.http.get("/audit/v1/events")).text


async def test_what_is_refused_leaves_no_event(city: City) -> None:
    assert (await city.http.post("/control/v1/clients/nobody/suspend")).status_code == 404
    assert await get(city, "events") == []
    assert (await city.http.get("/audit/v1/checkpoint")).status_code == 404
    assert (await city.http.get("/audit/v1/events/0")).status_code == 404


async def test_a_consent_is_logged_when_given_and_when_it_ends(city: City) -> None:
    tokens = (await city.redeem(await city.code())).json()
    await city.http.post(
        "/oauth/revoke",
        data={"token": tokens["refresh_token"]},
        auth=("app", SECRET),
    )
    ended, given = await get(city, "events")
    assert (given["action"], ended["action"]) == ("consent.give", "consent.end")
    assert given["client"] == ended["client"] == "app"
    assert given["target"] == ended["target"]
    assert given["detail"]["scopes"] == ["medical:read"]
    assert given["subject"] == ended["subject"] != ""
    claims = await city.claims(tokens["access_token"])
    assert given["subject"] != claims["sub"], "the app cannot find its resident here"
    assert [one["action"] for one in await get(city, "events", subject=given["subject"])]


async def test_a_stolen_refresh_token_ends_the_consent_once(city: City) -> None:
    first = (await city.redeem(await city.code())).json()["refresh_token"]
    await city.refresh(first)
    for _ in range(2):
        assert (await city.refresh(first)).status_code == 400
    assert [one["action"] for one in await get(city, "events")] == ["consent.end", "consent.give"]


async def test_many_at_once_make_one_tree(city: City) -> None:
    await asyncio.gather(*(rotate(city) for _ in range(6)))
    good = verify(await entries(city), await notes(city), await verifier(city))
    assert good.size == 6


async def test_proofs_hold_for_who_keeps_only_checkpoints(city: City) -> None:
    for _ in range(5):
        await rotate(city)
    key = await verifier(city)
    points = [key.read(note) for note in await notes(city)]
    assert (await city.http.get("/audit/v1/checkpoint")).text == (await notes(city))[-1]
    for old in points:
        for new in points[old.size - 1 :]:
            told = await get(city, "proofs/consistency", first=old.size, second=new.size)
            path = [bytes.fromhex(one) for one in told["hashes"]]
            assert is_consistent(old.size, old.root, new.size, new.root, path)
    newest = points[-1]
    for one in await get(city, "entries"):
        told = await get(city, "proofs/inclusion", event=one["number"], size=newest.size)
        path = [bytes.fromhex(digest) for digest in told["hashes"]]
        leaf = leaf_hash(one["entry"].encode())
        assert is_included(leaf, one["number"], newest.size, path, newest.root)


@pytest.mark.parametrize(
    "query",
    ["consistency?first=0&second=1", "consistency?first=2&second=1", "consistency?first=1&second=9",
     "inclusion?event=1&size=1", "inclusion?event=0&size=9"],
)  # fmt: skip
async def test_proofs_that_there_are_not(small_city: City, query: str) -> None:
    await rotate(small_city)
    answer: httpx.Response = await small_city.http.get(f"/audit/v1/proofs/{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"].startswith("query ")


@pytest.mark.parametrize("how", ["changed", "cut", "end cut"])
async def test_a_hand_in_the_store_is_found(city: City, how: str) -> None:
    for _ in range(4):
        await rotate(city)
    kept = (await verifier(city)).read((await notes(city))[-1])
    event, point = tables.audit_events, tables.audit_checkpoints
    async with city.control.store.write() as connection:
        if how == "changed":
            forged = event.c.entry.op("||")(" ")
            await connection.execute(update(event).where(event.c.number == 2).values(entry=forged))
        elif how == "cut":
            await connection.execute(delete(event).where(event.c.number == 2))
        else:
            await connection.execute(delete(event).where(event.c.number >= 2))
            await connection.execute(delete(point).where(point.c.size > 2))
    with pytest.raises(Tampered) as error:
        verify(await entries(city), await notes(city), await verifier(city), kept=kept)
    assert error.value.number == 2


async def test_entries_are_for_auditors_alone(small_city: City) -> None:
    found = {route["id"]: route for route in (await small_city.policy())["routes"]}
    for name in ("listAuditEntries", "listAuditEvents", "getAuditEvent"):
        assert found[f"control.{name}"]["scopes"] == [["audit:read"]]
    for name in ("getAuditKey", "getCheckpoint", "listCheckpoints", "proveConsistency"):
        assert found[f"control.{name}"]["access"] == "open"
