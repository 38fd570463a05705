from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.services.broker.running import party, running


@pytest.fixture
async def url(store_url: str, embedded_url: str) -> AsyncIterator[str]:
    """A broker; once on SQLite and once on PostgreSQL."""
    async with running(store_url, embedded_url) as url:
        yield url


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with party(url) as api:
        yield api
