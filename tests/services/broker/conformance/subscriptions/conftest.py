from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fastapi import FastAPI

from tests.services.broker.conformance.subscriptions.subscribers import Party, broker, client
from tests.services.broker.delivery.receiver import Received, Receiver, Reply, receiving


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FastAPI]:
    """One broker for all tests of a module; once on SQLite and once on PostgreSQL."""
    folder: Path = tmp_path_factory.mktemp("broker")
    store_url = f"sqlite+aiosqlite:///{folder}/store"
    if request.param == "postgres":
        store_url = str(request.getfixturevalue("postgres_server").database())
    async with broker(store_url, f"sqlite:///{folder}/log/log.db") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def party(app: FastAPI, receiver: Receiver) -> AsyncIterator[Party]:
    receiver.reply = _ok
    async with client(app) as api:
        yield Party(api, receiver)


def _ok(_: Received) -> Reply:
    return Reply()
