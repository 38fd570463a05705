from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.control.city import City
from tests.gateway.control.portal.apis import portal


@pytest.fixture
async def offering(tmp_path: Path) -> AsyncIterator[City]:
    """A city that offers something, and to which something harmful is attached."""
    async with portal(tmp_path) as found:
        yield found
