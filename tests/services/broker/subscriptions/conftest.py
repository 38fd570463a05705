from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.broker.subscriptions.bench import Bench, bench


@pytest.fixture
async def steps(store_url: str, embedded_url: str) -> AsyncIterator[Bench]:
    """The notifier in steps; once on SQLite and once on PostgreSQL."""
    async with bench(store_url, embedded_url) as found:
        yield found
