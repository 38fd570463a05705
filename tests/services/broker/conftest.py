from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.services.broker import domain
from tests.services.broker.running import party, running


@pytest.fixture(autouse=True)
def _test_domain() -> Iterator[None]:
    with domain.registered():
        yield


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/store"


@pytest.fixture
def embedded_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log/log.db"


@pytest.fixture(params=["embedded", "kafka"])
def log_url(request: pytest.FixtureRequest, embedded_url: str) -> str:
    if request.param == "kafka":
        return str(request.getfixturevalue("kafka_url"))
    return embedded_url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_once"))
    return sqlite_url


@pytest.fixture
async def url(sqlite_url: str, embedded_url: str) -> AsyncIterator[str]:
    """A broker on the embedded defaults."""
    async with running(sqlite_url, embedded_url) as url:
        yield url


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with party(url) as api:
        yield api
