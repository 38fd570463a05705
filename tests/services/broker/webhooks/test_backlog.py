from __future__ import annotations

import asyncio
from unittest.mock import patch

import httpx

from services.broker.webhooks import catchup, pump
from tests.services.broker.domain import thing
from tests.services.broker.running import publish
from tests.services.broker.webhooks.subscriber import Subscriber, subscribing


async def test_what_a_receiver_does_not_take_waits_on_the_log(
    api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    """A bounded number of messages waits for it in the store; none is lost, nor out of order."""
    small = (
        patch.object(pump, "MOST_WAITING", 20),
        patch.object(pump, "_PORTION", 5),
        patch.object(catchup, "MOST_WAITING", 20),
        patch.object(catchup, "_PORTION", 5),
    )
    with small[0], small[1], small[2], small[3]:
        async with subscribing() as quick:
            path = await subscriber.subscribe(api, ordered=True)
            await quick.subscribe(api, ordered=True)
            subscriber.receiver.hold.clear()
            for start in range(0, 60, 10):
                events = [thing(number) for number in range(start, start + 10)]
                assert (await publish(api, *events)).status_code == 202
            assert await quick.until(60) == [*range(60)]
            waiting = (await api.get(path)).json()["waiting"]
            assert 20 <= waiting < 30
            subscriber.receiver.hold.set()
            assert await subscriber.until(60) == [*range(60)]
            await publish(api, thing(60))
            assert await subscriber.until(61) == [*range(61)]
            async with asyncio.timeout(20):
                while (await api.get(path)).json()["waiting"]:
                    await asyncio.sleep(0.02)
