"""Somebody of the staff in a real browser: invited, enrolled with both factors, signed in."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from base64 import b32decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.async_api import Page, async_playwright

from tests.journeys.browser import found_in, inputs
from tests.journeys.city import City

PASSWORD = "kaigan-dori-12-banchi"
_STEP = 30


def _code(key: bytes, steps: int = 0) -> str:
    """What the authenticator app shows so many steps of 30 s from now."""
    totp = TOTP(key, 6, SHA1(), _STEP)  # noqa: S303 - what apps use
    return totp.generate(int(time.time()) + steps * _STEP).decode()


def _enrolled(city: City, role: str) -> tuple[str, bytes]:
    """Somebody new with a role: user name, and the key of the app."""
    username = secrets.token_hex(8)
    body = {"username": username, "name": "Sakura Sato", "roles": [role]}
    with city.client("operator") as operator:
        invited = operator.post("/control/v1/staff", json=body).json()
    with httpx.Client(timeout=15) as browser:
        page = browser.get(invited["invitation"])
        spelled = found_in(r"<code>([^<]+)</code>", page.text).replace(" ", "")
        key = b32decode(spelled + "=" * (-len(spelled) % 8))
        # the code before this one, which is still good, so that this one is left for signing in
        form = {**dict(inputs(page, "hidden")), "password": PASSWORD, "code": _code(key, -1)}
        done = browser.post(re.sub(r"\?.*", "", str(page.url)), data=form)
        assert done.status_code == 200, done.text
    return username, key


async def sign_in(page: Page, city: City, role: str) -> None:
    """As somebody new with a role; the page after it is the console's first."""
    username, key = _enrolled(city, role)
    await page.goto(f"{city.url}/staff/sign-in?next=/console")
    await page.locator("input[name=username]").fill(username)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("input[name=code]").fill(_code(key))
    async with page.expect_navigation():
        await page.locator("input[name=code]").press("Enter")
    await page.wait_for_url("**/console")


def signing_in(role: str) -> Callable[[Page, City], Awaitable[None]]:
    """For a role of :data:`tests.journeys.every_page.SIGN_IN`."""

    async def come(page: Page, city: City) -> None:
        await sign_in(page, city, role)

    return come


@asynccontextmanager
async def at_the_console(city: City, role: str, language: str = "en") -> AsyncIterator[Page]:
    """A wide page of Chromium in which somebody with the role has signed in."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            size = {"width": 1280, "height": 900}
            context = await chromium.new_context(locale=language, viewport=size)  # type: ignore[arg-type]
            page = await context.new_page()
            await sign_in(page, city, role)
            yield page
        finally:
            await chromium.close()
