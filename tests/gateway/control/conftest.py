from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.control.city import City, running


@pytest.fixture(params=["sqlite", "postgres"])
async def city(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[City]:
    """A control plane, once over each kind of store."""
    store_url = ""
    if request.param == "postgres":
        store_url = request.getfixturevalue("postgres_server").database()
    async with running(tmp_path, store_url=store_url) as found:
        yield found


@pytest.fixture
async def small_city(tmp_path: Path) -> AsyncIterator[City]:
    """A control plane over SQLite alone, for what does not depend on the store."""
    async with running(tmp_path) as found:
        yield found
