from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.control.tables import metadata
from tests.gateway.control.city import City, running


@pytest.fixture(params=["sqlite", "postgres"])
async def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store"
    url: str = request.getfixturevalue("postgres_url")
    # one database for the module, emptied: much quicker than one for each test
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA IF EXISTS control CASCADE"))
    await engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
async def used_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each kind in which there is nothing, but the tables may be there."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store"
    url: str = request.getfixturevalue("postgres_url")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        made = await connection.scalar(text("SELECT to_regclass('control.clients')"))
        if made:
            # deleting from small tables is quicker than TRUNCATE, which makes new files for each
            names = metadata.tables
            emptied = "".join(f"DELETE FROM control.{one};" for one in names)  # noqa: S608 - ours
            await connection.execute(text(f"DO $$ BEGIN {emptied} END $$"))
    await engine.dispose()
    return url


@pytest.fixture
async def city(used_store_url: str, tmp_path: Path) -> AsyncIterator[City]:
    """A control plane, once over each kind of store."""
    async with running(tmp_path, store_url=used_store_url) as found:
        yield found


@pytest.fixture
async def small_city(tmp_path: Path) -> AsyncIterator[City]:
    """A control plane over SQLite alone, for what does not depend on the store."""
    async with running(tmp_path) as found:
        yield found
