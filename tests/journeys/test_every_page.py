"""Every page of ``every_page.py``, looked at in a real browser in each of its languages."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, async_playwright
from playwright.async_api import Response as Answer

from tests.journeys.city import City
from tests.journeys.every_page import EVERY_PAGE, SIGN_IN, Row
from tests.journeys.looking import PHONE, WIDE, Look, look_at

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKS_FOR = {"ja": "ja", "en": "en", "easy": "ja-x-easy, ja;q=0.5"}


@dataclass
class Visitors:
    """Everybody who looks at pages; each signs in once."""

    browser: Browser
    city: City
    _windows: dict[tuple[str, str], Page] = field(default_factory=dict)
    _signed_in: dict[str, StorageState] = field(default_factory=dict)

    async def window(self, who: str, language: str) -> Page:
        """One that is kept: a phone's in Japanese, a wide one in English."""
        if (who, language) not in self._windows:
            context = await self.browser.new_context(
                locale="en" if language == "en" else "ja",
                extra_http_headers={"accept-language": ASKS_FOR[language]},
                reduced_motion="reduce",
                storage_state=await self._state(who) if who else None,
            )
            self._windows[who, language] = await context.new_page()
        window = self._windows[who, language]
        await window.set_viewport_size(WIDE if language == "en" else PHONE)
        return window

    async def _state(self, who: str) -> StorageState:
        """The cookies of who is signed in."""
        if who not in self._signed_in:
            context = await self.browser.new_context()
            await SIGN_IN[who](await context.new_page(), self.city)
            self._signed_in[who] = await context.storage_state()
            await context.close()
        return self._signed_in[who]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visitors(city: City) -> AsyncIterator[Visitors]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield Visitors(chromium, city)
        await chromium.close()


@pytest.mark.parametrize("row", EVERY_PAGE, ids=lambda row: row.name)
async def test_everybody_can_use_the_page(visitors: Visitors, row: Row) -> None:
    city = visitors.city
    where = row.where if isinstance(row.where, str) else row.where(city)
    url = where if where.startswith(city.url) else city.url + where
    found = []
    for language in row.languages:
        window = await visitors.window(row.who, language)
        look = Look(window, city.url, language, row.status, row.late)
        once = language == row.languages[0]
        wrong = await look_at(look, lambda page: _come(page, url, row), once=once)
        found += [f"{language}: {one}" for one in wrong]
    assert not found, "\n".join([url, *found])


async def _come(page: Page, url: str, row: Row) -> int:
    """To the page; the status with which its last document was answered."""
    answers: list[Answer] = []

    def note(answer: Answer) -> None:
        if answer.request.is_navigation_request():
            answers.append(answer)

    page.on("response", note)
    await page.goto(url)
    if row.then:
        await row.then(page)
    page.remove_listener("response", note)
    return answers[-1].status


BAD = """<!doctype html><html lang="fr"><title>Bad</title>
<style>p { color: #aaa } a:focus { outline: none } b { display: block; width: 2000px }
@media (prefers-color-scheme: dark) { h1 { color: #eee } }</style>
<nav><a href="/my">Away</a></nav><h1>One</h1><h1>Two</h1><p>Pale</p><input><b>Wide</b>
<button tabindex="-1">Out of reach</button><img src="http://elsewhere.invalid/x.png" alt="">"""


async def test_what_is_wrong_with_a_page_is_found(visitors: Visitors) -> None:
    async def come(page: Page) -> int:
        await page.route("**/bad", lambda route: route.fulfill(body=BAD + "<!--" + "x" * 200_000))
        await page.route("http://elsewhere.invalid/**", lambda route: route.abort())
        await page.goto(f"{visitors.city.url}/bad")
        return 418

    look = Look(await visitors.window("", "en"), visitors.city.url, "en", 200, ("/bad",))
    heavy = Look(look.page, look.home, "en", 418, ())
    found = "\n".join(await look_at(look, come, once=True))
    for wrong in (
        "answered 418",
        "asks another host: http://elsewhere.invalid/x.png",
        "console: Failed to load resource",
        "/bad comes at 0 ms, before the first paint",
        "lang is 'fr'",
        "2 h1, title 'Bad'",
        "the first control does not lead past it",
        "label: <input>",
        "color-contrast: <p>Pale</p>",
        'no visible focus: <a href="/my">Away</a>',
        'not by Tab: <button tabindex="-1">',
        "at 390 px too wide: <b>Wide</b>",
    ):
        assert wrong in found
    assert "in the dark, color-contrast: <h1>One</h1>" in found
    assert "bytes: ['/bad'" in "\n".join(await look_at(heavy, come, once=False))
