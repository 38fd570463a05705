"""Somebody at the console, for tests."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.staff.people import Person


@dataclass
class Desk:
    """A browser in which somebody of the staff has signed in."""

    city: City
    browser: httpx.AsyncClient
    person: Person

    async def see(self, path: str, language: str = "en") -> httpx.Response:
        sign = "&" if "?" in path else "?"
        return await self.browser.get(f"{path}{sign}lang={language}")

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Post a form of a page."""
        csrf = csrf_of(await self.see("/console"))
        return await self.browser.post(path, data={"csrf": csrf, **fields})

    async def press(self, path: str, decision: str, **fields: str) -> httpx.Response:
        """Press a button, and follow to the page that tells what was done."""
        answer = await self.post(path, decision=decision, **fields)
        assert answer.status_code == 303, answer.text
        followed = await self.browser.get(answer.headers["location"])
        assert 'role="status"' in followed.text, "it says what was done"
        return followed
