"""The city's resident, in the log and before a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import select

from gateway.control import tables
from gateway.control.audit.event import SECTOR
from tests.gateway.control.city import City, sign_in

PATH = "/my/uses"


async def hanako(city: City) -> str:
    """The pseudonym of the sector ``audit``."""
    async with city.control.store.read() as connection:
        found = await connection.scalar(select(tables.residents.c.resident_id))
    return city.control.pseudonyms.of(str(found), SECTOR)


@asynccontextmanager
async def at_home(city: City) -> AsyncIterator[httpx.AsyncClient]:
    """Her browser, signed in."""
    async with city.browser() as browser:
        await sign_in(browser, "/my")
        yield browser


async def object_to(browser: httpx.AsyncClient, reason: str = "", **changes: Any) -> httpx.Response:
    """Press the first line's button."""
    page = await browser.get(PATH)
    names = ("csrf", "day", "client", "dataset", "purpose")
    form = {name: page.text.split(f'name="{name}" value="')[1].split('"')[0] for name in names}
    return await browser.post(PATH, data={**form, "reason": reason, **changes})
