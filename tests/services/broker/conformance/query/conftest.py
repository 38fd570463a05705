"""One broker for a module's tests, on SQLite and on PostgreSQL; every test has its own type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from services.broker.app import create_broker
from tests.services.broker.conformance.query.city import City
from tests.services.broker.running import OPEN


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    folder: Path = tmp_path_factory.mktemp("broker")
    store_url = f"sqlite+aiosqlite:///{folder}/store"
    if request.param == "postgres":
        store_url = str(request.getfixturevalue("postgres_server").database())
    app = create_broker(store_url=store_url, log_url=f"sqlite:///{folder}/log/log.db")
    headers = {"x-city-client": "tests", "x-city-scope": OPEN}
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://city", headers=headers) as client,
    ):
        yield client


@pytest.fixture
def city(api: httpx.AsyncClient) -> City:
    return City(api)
