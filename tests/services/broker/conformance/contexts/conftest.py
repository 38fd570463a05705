"""One broker for the tests of a module, on SQLite and on PostgreSQL, and a world of contexts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from services.broker.app import create_broker
from tests.services.broker.conformance.contexts.web import Web


@pytest.fixture(scope="module")
def web() -> Web:
    return Web()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, web: Web
) -> AsyncIterator[httpx.AsyncClient]:
    folder: Path = tmp_path_factory.mktemp("broker")
    store_url = f"sqlite+aiosqlite:///{folder}/store"
    if request.param == "postgres":
        store_url = str(request.getfixturevalue("postgres_server").database())
    app = create_broker(
        store_url=store_url,
        log_url=f"sqlite:///{folder}/log/log.db",
        standalone=True,
        fetch=web.fetch,
    )
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://broker") as client,
    ):
        yield client
