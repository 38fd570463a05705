"""Auditors find events, and take the proof of one away."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from gateway.control.audit.checkpoint import Verifier
from gateway.control.audit.merkle import leaf_hash
from gateway.control.audit.proofs import is_included
from tests.gateway.control.city import City

EVENTS = "/audit/v1/events"
HANA = {"x-city-client": "city-console", "x-city-operator": "s-hana"}
KEN = {"x-city-client": "city-console", "x-city-operator": "s-ken"}


async def found(city: City, **query: str) -> list[tuple[str, str]]:
    answer = await city.http.get(EVENTS, params=query)
    assert answer.status_code == 200, answer.text
    return [(one["action"], one["target"]) for one in answer.json()]


@pytest.fixture
async def busy(city: City) -> City:
    """Somebody suspends and resumes; an hour later, somebody else does the next thing."""
    await city.http.post("/control/v1/clients/machine/suspend", headers=HANA)
    await city.http.post("/control/v1/clients/machine/resume", headers=HANA)
    city.clock.advance(3600)
    told = {"reason": "Flood 100% on the Kinu", "until": "2026-11-24T09:00:00Z"}
    await city.http.post("/control/v1/emergency", json=told, headers=KEN)
    await city.http.post("/control/v1/clients/app/suspend", headers=KEN)
    return city


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"client": "staff:s-hana"}, ["client.resume", "client.suspend"]),
        ({"action": "client.suspend"}, ["client.suspend", "client.suspend"]),
        ({"action": "client.*", "client": "staff:s-ken"}, ["client.suspend"]),
        ({"target": "app"}, ["client.suspend"]),
        ({"target": "ap"}, []),
        ({"text": "flood 100% on"}, ["emergency.declare"]),
        ({"text": "flood_100"}, []),
        ({"client": "staff:s-ken", "to": "2026-11-24T07:00:00Z"}, []),
        ({"client": "staff:s-ken", "from": "2026-11-24T16:00:00+09:00"},
         ["client.suspend", "emergency.declare"]),
    ],
)  # fmt: skip
async def test_events_are_found_by_who_what_when_and_words(
    busy: City, query: dict[str, str], actions: list[str]
) -> None:
    assert [action for action, _ in await found(busy, **query)] == actions


async def test_a_search_is_paged_by_number(small_city: City) -> None:
    for _ in range(3):
        await small_city.http.post("/control/v1/keys/rotate", json={}, headers=HANA)
    seen: list[int] = []
    query = {"action": "key.*", "client": "staff:s-hana", "limit": "2"}
    while page := (await small_city.http.get(EVENTS, params=query)).json():
        seen += [one["number"] for one in page]
        query["before"] = str(seen[-1])
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"from": "2026-11-24T00:00:00"}])
async def test_a_time_without_a_zone_is_refused(small_city: City, query: dict[str, str]) -> None:
    assert (await small_city.http.get(EVENTS, params=query)).status_code == 422


async def test_the_proof_of_an_event_needs_nobody_to_be_believed(small_city: City) -> None:
    for _ in range(6):
        await small_city.http.post("/control/v1/keys/rotate", json={}, headers=HANA)
    told: dict[str, Any] = (await small_city.http.get(f"{EVENTS}/2/proof")).json()
    checkpoint = Verifier.parse(told["key"]).read(told["checkpoint"])
    path = [bytes.fromhex(one) for one in told["hashes"]]
    leaf = leaf_hash(told["entry"].encode())
    assert is_included(leaf, 2, checkpoint.size, path, checkpoint.root)
    assert not is_included(leaf_hash(b"{}"), 2, checkpoint.size, path, checkpoint.root)
    head, _, note = told["tlogProof"].partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 2")
    assert [b64decode(one) for one in hashes] == path
    assert note == told["checkpoint"]
    older = (await small_city.http.get(f"{EVENTS}/2/proof?size=4")).json()
    assert older["size"] == 4


@pytest.mark.parametrize(
    ("path", "status"), [("99/proof", 404), ("0/proof?size=99", 404), ("3/proof?size=2", 400)]
)
async def test_proofs_of_events_that_there_are_not(
    small_city: City, path: str, status: int
) -> None:
    for _ in range(4):
        await small_city.http.post("/control/v1/keys/rotate", json={}, headers=HANA)
    assert (await small_city.http.get(f"{EVENTS}/{path}")).status_code == status
