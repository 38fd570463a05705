from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from services.broker.app import create_broker
from services.broker.parts import Broker
from tests.services.broker.consent.control import FakeControl, consent, presented
from tests.services.broker.running import ALL, DEADLINE, party, serving, until
from tests.services.broker.webhooks.subscriber import Subscriber, subscribing


@dataclass
class Place:
    """A broker whose control plane is in hand.

    Attributes:
        city: a client that publishes.
        app: one with a resident's token: Hanako's, for all of ``sightings``.
    """

    broker: Broker
    control: FakeControl
    url: str
    city: httpx.AsyncClient
    app: httpx.AsyncClient

    def resident(self, grant: str, *consents: object, client: str = "app") -> httpx.AsyncClient:
        headers = presented(grant, *consents, client=client)  # type: ignore[arg-type]
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)

    async def until(self, name: str, value: float) -> None:
        """Wait for one of the broker's figures."""
        async with asyncio.timeout(DEADLINE):
            while await self._metric(f"city_broker_consent_{name}_total") < value:
                await asyncio.sleep(0.01)

    async def _metric(self, name: str) -> float:
        lines = (await self.city.get("/metrics")).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def make(sqlite_url: str, embedded_url: str, control: FakeControl) -> FastAPI:
    return create_broker(
        store_url=sqlite_url, log_url=embedded_url, deliver_to="127.0.0.0/8", control=control
    )


@pytest.fixture
async def place(sqlite_url: str, embedded_url: str) -> AsyncIterator[Place]:
    control = FakeControl()
    control.give("hanako", "grant-h")
    control.give("taro", "grant-t")
    app = make(sqlite_url, embedded_url, control)
    async with (
        serving(app) as url,
        party(url, scope=ALL) as city,
        httpx.AsyncClient(
            base_url=url, headers=presented("grant-h", consent("c-h")), timeout=30
        ) as resident,
    ):
        broker = app.state.broker
        await until(lambda: not broker.consents.ended.is_silent)
        yield Place(broker, control, url, city, resident)


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with subscribing() as subscriber:
        yield subscriber
