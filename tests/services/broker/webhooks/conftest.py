from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.broker.app import create_broker
from tests.services.broker.running import party, serving
from tests.services.broker.webhooks.subscriber import Subscriber, subscribing


@pytest.fixture
async def url(sqlite_url: str, embedded_url: str) -> AsyncIterator[str]:
    """A broker that may call this machine."""
    app = create_broker(store_url=sqlite_url, log_url=embedded_url, deliver_to="127.0.0.0/8")
    async with serving(app) as url:
        yield url


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with party(url) as api:
        yield api


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with subscribing() as subscriber:
        yield subscriber
