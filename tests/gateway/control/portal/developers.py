"""Developers for tests: who join, and use the portal's pages as a browser does."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway.control.city import City, csrf_of

PASSWORD = "kaigan-dori-12-banchi"
APPS = "/developers/apps"
NEW = f"{APPS}/new"
FORM = {"name": "Beds", "itself": "yes", "credentials": "client_secret_basic"}
MACHINE = {**FORM, "scope mobility:read": "yes", "scope medical:read": "yes"}


@dataclass
class Developer:
    """A developer at a browser."""

    city: City
    browser: httpx.AsyncClient

    async def join(self, username: str = "mori") -> httpx.Response:
        form = {"name": "森", "username": username, "password": PASSWORD}
        return await self.post("/developers/join", **form)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.browser.get(path, params=query)

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Open the page, and post its form."""
        page = await self.browser.get(path)
        return await self.browser.post(path, data={"csrf": csrf_of(page), **form})

    async def create(self, **form: str) -> dict[str, str]:
        """A sandbox application: what its page shows once."""
        page = await self.post(NEW, **{**MACHINE, **form})
        assert page.status_code == 200, page.text
        return keys_in(page)

    async def token(self, made: dict[str, str], **form: str) -> httpx.Response:
        return await self.city.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", **form},
            auth=(made["client_id"], made["client_secret"]),
        )


def keys_in(page: httpx.Response) -> dict[str, str]:
    """The names and values of what a page shows once."""
    pattern = r"<dt>(\w+)</dt><dd>\s*<div class=\"code\"><pre[^>]*><code>([^<]+)</code>"
    return {name: html.unescape(value) for name, value in re.findall(pattern, page.text)}


@asynccontextmanager
async def developer(city: City, username: str = "mori") -> AsyncIterator[Developer]:
    """Somebody who has joined."""
    async with city.browser() as browser:
        found = Developer(city, browser)
        answer = await found.join(username)
        assert answer.headers.get("location") == APPS, answer.text
        yield found


async def clients(city: City) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await city.http.get("/control/v1/clients")).json()
    return found
