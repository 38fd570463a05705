"""Receivers that are dead, slow, or come back: each costs only itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import func, select

from schemas.kit.store import Store
from services.broker.delivery.tables import deliveries
from services.broker.subscriptions.store import endpoint_name
from services.broker.subscriptions.tables import subscription_changes
from tests.services.broker.conformance.subscriptions.subscribers import Party, eventually, prop
from tests.services.broker.delivery.receiver import Receiver, receiving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def slow() -> AsyncIterator[Receiver]:
    """Answers nobody before the test is over."""
    async with receiving() as found:
        found.hold.clear()
        yield found
        found.hold.set()


async def test_dead_and_slow_receivers_hold_up_nobody(party: Party, slow: Receiver) -> None:
    """What Orion's users have asked for: one bad subscriber slows no other."""
    dead = "http://127.0.0.1:9"
    for _ in range(5):
        await party.subscribe(notification={"endpoint": {"uri": f"{dead}999/x"}})
        await party.subscribe(notification={"endpoint": {"uri": slow.url}})
    await party.subscribe()
    for value in range(20):
        await party.upsert(party.entity(a=prop(value)))
    assert await party.values("a", 20) == [*range(20)]
    assert slow.received == []
    assert slow.asked == 5  # one request under way to each, and not twenty


async def test_a_receiver_that_failed_is_told_the_newest_state(party: Party) -> None:
    """What failed is dropped when there is something newer of the same entity."""
    party.answer(500)
    location = await party.subscribe()
    await party.upsert(party.entity(a=prop(1)))
    await party.doing(location, timesFailed=1)
    await party.upsert(party.entity(a=prop(2)))
    assert await party.values("a", 2) == [1, 2]
    found = await party.doing(location, status="ok")
    assert (found["timesSent"], found["timesFailed"]) == (2, 1)
    assert found["lastFailure"] < found["lastSuccess"] == found["lastNotification"]


async def test_a_timeout_is_a_failure(party: Party, slow: Receiver) -> None:
    """§5.2.15: timeout, in milliseconds"""
    location = await party.subscribe(notification={"endpoint": {"uri": slow.url, "timeout": 50}})
    await party.upsert(party.entity(a=prop(1)))
    assert (await party.doing(location, timesFailed=1))["status"] == "failed"


async def test_nothing_is_sent_within_the_cooldown(app: FastAPI, party: Party) -> None:
    """§5.2.15: cooldown"""
    party.answer(500)
    endpoint = {"uri": party.url, "cooldown": 3_600_000}
    location = await party.subscribe(notification={"endpoint": endpoint})
    await party.upsert(party.entity(a=prop(1)))
    await party.doing(location, timesFailed=1)
    await party.upsert(party.entity(a=prop(2)))
    await eventually(lambda: nothing_waits(app, location))
    await party.api.patch(location, json={"notification": {"endpoint": {"uri": party.url}}})
    await party.upsert(party.entity(a=prop(3)))
    assert await party.values("a", 2) == [1, 3]


async def nothing_waits(app: FastAPI, location: str) -> bool:
    """Whether all there was to tell a subscription is sent, or dropped."""
    id_ = location.rpartition("/")[2]
    changes = select(func.count()).select_from(subscription_changes)
    waiting = select(func.count()).where(deliveries.c.endpoint == endpoint_name("", id_))
    store: Store = app.state.broker.store
    async with store.read() as connection:
        counts = [await connection.scalar(query) for query in (changes, waiting)]
    return counts == [0, 0]
