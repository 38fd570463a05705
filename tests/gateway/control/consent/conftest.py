from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.control.city import City
from tests.gateway.control.consent.apis import caring_city


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with caring_city(tmp_path) as found:
        yield found
