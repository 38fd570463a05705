"""A policy changes under load without a pause, whole, and lets go of the one before."""

from __future__ import annotations

import asyncio
import gc
from time import thread_time
from typing import Any

import orjson
import pytest

from gateway.core.app import Core, CoreConfig
from gateway.core.slices import SLICE
from schemas.policy import Route
from tests.gateway.core.city import GATEWAY_KEY, PAIRWISE_KEY, route, snapshot

PAUSE = 0.005
"""Seconds of the loop's own time that no change of policy may take in one go."""


def text(revision: str, routes: int, revoked: int = 0, **changes: Any) -> bytes:
    many: list[Route] = [route(f"/mobility/v1/c{at}/{{id}}", id=f"r{at}") for at in range(routes)]
    tokens = {f"token-{at:027d}": 2_000_000_000 for at in range(revoked)}
    revocations = {"tokens": tokens, "families": {}, "clients": {}}
    found = snapshot(9, routes=many, revoked=revocations, revision=revision, **changes)
    return orjson.dumps(found)


def core() -> Core:
    return Core(CoreConfig(GATEWAY_KEY, PAIRWISE_KEY))


async def test_a_large_policy_is_taken_in_short_slices() -> None:
    one = core()
    await one.change(text("a", 3_000, 30_000))
    gc.collect()
    change = asyncio.create_task(one.change(text("b", 3_000, 30_000)))
    slices = []
    while not change.done():
        before = thread_time()
        await asyncio.sleep(0)
        slices.append(thread_time() - before)
    assert (await change).revision == "b"
    assert len(slices) > 20
    assert sorted(slices)[-3] < max(PAUSE, 2 * SLICE)  # two may meet something of the machine's
    await one.close()


async def test_the_one_before_is_in_force_until_all_of_the_next_is_there() -> None:
    one = core()
    await one.change(text("a", 10))
    change = asyncio.create_task(one.change(text("b", 1_000)))
    seen = []
    while not change.done():
        policy = one.policy
        assert policy is not None
        seen.append(policy.revision)
        place = policy.table.find([b"mobility", b"v1", b"c1", b"7"])
        assert place is not None
        assert place.routes[b"GET"].id == "r1"
        await asyncio.sleep(0)
    assert seen[0] == "a"
    assert seen == sorted(seen)
    await one.close()


async def test_a_bad_one_changes_nothing() -> None:
    one = core()
    good = await one.change(text("a", 10))
    for bad in (text("b", 0), text("b", 10)[:-1], b"[]", b'{"format":1}'):
        with pytest.raises(ValueError):
            await one.change(bad)
    assert one.policy is good
    assert good.table.find([b"mobility", b"v1", b"c1", b"7"]) is not None
    assert gc.isenabled()
    await one.close()


async def test_the_one_before_is_emptied() -> None:
    one = core()
    before = await one.change(text("a", 10, 10))
    await one.change(text("b", 10, 10))
    assert not before.clients
    assert not before.revoked["tokens"]
    assert before.table.find([b"mobility", b"v1", b"c1", b"7"]) is None
    await one.close()
