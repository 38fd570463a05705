from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from connectors.base import Connector
from connectors.registry import CONNECTORS, load
from tests.connectors.harness import Running, fixed, running

NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


@pytest.fixture(params=sorted(CONNECTORS))
def kind(request: pytest.FixtureRequest) -> type[Connector]:
    """Each registered connector. One that has a ``connector.py`` must be importable."""
    domain: str = request.param
    folder = Path(find_spec("connectors").submodule_search_locations[0])  # type: ignore[union-attr, index]
    if not (folder / domain / "connector.py").exists():
        pytest.skip(f"connectors/{domain} is not written yet")
    return load(domain)


@pytest.fixture
async def living(kind: type[Connector], tmp_path: Path) -> AsyncIterator[Running]:
    """A connector that follows the sample city, at a moment that stands still."""
    async with running(kind, tmp_path, sample=True, clock=fixed(NOW)) as run:
        await all_loaded(run)
        yield run


@pytest.fixture
async def bare(kind: type[Connector], tmp_path: Path) -> AsyncIterator[Running]:
    """A connector whose feeds wait to be pushed."""
    async with running(kind, tmp_path, clock=fixed(NOW)) as run:
        yield run


async def all_loaded(run: Running) -> None:
    for name, feed in run.connector.feeds.items():
        if feed.spec.sample:
            try:
                await asyncio.wait_for(feed.loaded.wait(), 30)
            except TimeoutError:
                pytest.fail(f"the sample feed {name} was not loaded: {feed.status.problem}")


async def push_samples(run: Running) -> None:
    for name, feed in run.connector.feeds.items():
        if feed.spec.sample:
            answer = await run.api.put(
                f"/{run.connector.domain}/v1/feeds/{name}", content=feed.spec.sample(NOW)
            )
            assert answer.status_code == 200, answer.text
