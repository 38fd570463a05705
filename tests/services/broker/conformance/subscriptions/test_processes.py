"""Several broker processes on one store: one tells, whoever was spoken to."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.broker.subscriptions import notifier
from tests.services.broker.conformance.subscriptions.subscribers import (
    Party,
    broker,
    client,
    prop,
)
from tests.services.broker.delivery.receiver import receiving


async def test_what_one_process_changes_another_tells(store_url: str, embedded_url: str) -> None:
    async with receiving() as receiver, broker(store_url, embedded_url) as second:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(broker(store_url, embedded_url))
            async with client(first) as api:
                party = Party(api, receiver)
                await party.subscribe()
                await party.upsert(party.entity(a=prop(1)))
                party.api = await stack.enter_async_context(client(second))
                await party.upsert(party.entity(a=prop(2)))
                assert await party.values("a", 2) == [1, 2]
        async with client(second) as api:  # the first one is gone
            party.api = api
            await party.upsert(party.entity(a=prop(3)))
            assert await party.values("a", 3) == [1, 2, 3]


async def test_the_process_that_tells_is_called_and_need_not_look(
    postgres_server: Any, embedded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(notifier._LOOK_SECONDS, "postgresql", 3600.0)
    store = postgres_server.database()
    async with receiving() as receiver, broker(store, embedded_url) as first:
        async with client(first) as api:
            party = Party(api, receiver)
            await party.subscribe()
            await party.upsert(party.entity(a=prop(1)))
            assert await party.values("a", 1) == [1]
        async with broker(store, embedded_url) as second, client(second) as api:
            party.api = api
            await party.upsert(party.entity(a=prop(2)))
            assert await party.values("a", 2) == [1, 2]
