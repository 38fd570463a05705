"""Staff and developers in a browser, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.staff.people import PASSWORD, Person, enrol, invite

SIGN_IN = "/staff/sign-in"


async def sign_in(
    browser: httpx.AsyncClient, person: Person, to: str = "/console", **changes: str
) -> httpx.Response:
    page = await browser.get(SIGN_IN, params={"next": to})
    form = {
        "csrf": csrf_of(page),
        "next": to,
        "username": person.username,
        "password": PASSWORD,
        "code": person.code(),
        **changes,
    }
    return await browser.post(SIGN_IN, data=form)


@asynccontextmanager
async def staff_browser(
    city: City, *roles: str, username: str = "sato"
) -> AsyncIterator[tuple[httpx.AsyncClient, Person]]:
    """A browser in which somebody with these roles has signed in."""
    person = await enrol(city, await invite(city, username, roles))
    async with city.browser() as browser:
        answer = await sign_in(browser, person)
        assert answer.status_code == 303, answer.text
        city.clock.advance(30)  # that code is spent
        yield browser, person
