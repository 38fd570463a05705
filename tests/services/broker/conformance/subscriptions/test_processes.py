"""Several broker processes on one store: one tells, whoever was spoken to."""

from __future__ import annotations

from contextlib import AsyncExitStack

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
