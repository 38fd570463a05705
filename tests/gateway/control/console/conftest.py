from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest

from gateway.control.staff.acting import Acting
from tests.gateway.control.city import PUBLIC, City
from tests.gateway.control.console.broker import Letters
from tests.gateway.control.console.desk import Desk
from tests.gateway.control.staff.browsing import staff_browser


@pytest.fixture
async def letters(small_city: City) -> Letters:
    """Dead letters, at a broker that stands in for the real one."""
    found = Letters()
    acting = cast(Acting, small_city.app.state.acting)
    await acting.gateway.aclose()
    transport = httpx.MockTransport(found.answer)
    acting.gateway = httpx.AsyncClient(transport=transport, base_url=PUBLIC)
    return found


@pytest.fixture
async def desk(small_city: City, letters: Letters) -> AsyncIterator[Desk]:
    """An operator who has signed in, reading English."""
    async with staff_browser(small_city, "operator") as (browser, person):
        yield Desk(small_city, browser, person)


@pytest.fixture
async def auditor(small_city: City) -> AsyncIterator[Desk]:
    async with staff_browser(small_city, "auditor", username="aoki") as (browser, person):
        yield Desk(small_city, browser, person)
