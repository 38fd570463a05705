from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from services.broker.app import create_broker
from tests.services.broker.domain import thing
from tests.services.broker.running import party, publish, serving
from tests.services.broker.webhooks.subscriber import Subscriber


@asynccontextmanager
async def keyed(store: str, log: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A broker whose gateway has this key."""
    app = create_broker(store_url=store, log_url=log, gateway_key=key, deliver_to="127.0.0.0/8")
    async with serving(app) as url, party(url) as api:
        api.headers["x-city-gateway-key"] = key
        yield api


async def test_secrets_lost_with_the_citys_key_are_replaced_and_no_event_is_lost(
    sqlite_url: str, embedded_url: str, subscriber: Subscriber
) -> None:
    async with keyed(sqlite_url, embedded_url, "a" * 32) as api:
        path = await subscriber.subscribe(api)
    async with keyed(sqlite_url, embedded_url, "b" * 32) as api:
        await publish(api, thing(1))
        async with asyncio.timeout(20):
            while not (await api.get(path)).json()["waiting"]:
                await asyncio.sleep(0.02)
        refused = await api.post(f"{path}/verify")
        assert (refused.status_code, "rotate it" in refused.text) == (422, True)
        assert subscriber.messages == []
        subscriber.secret = (await api.post(f"{path}/secret")).json()["secret"]
        assert (await api.post(f"{path}/enable")).status_code == 200
        assert await subscriber.until(1) == [1]
