from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.broker.delivery.engines import Clock, Engine, engine
from tests.services.broker.delivery.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sending(store_url: str, clock: Clock) -> AsyncIterator[Engine]:
    """A running engine; once on SQLite and once on PostgreSQL."""
    async with engine(store_url, clock) as found:
        yield found
