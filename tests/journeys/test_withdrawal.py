"""A resident withdraws while data flows: on no way does anything personal leave any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from loadtests.withdrawal.__main__ import measure
from tests.journeys.city import City, running_city
from tests.journeys.test_my_page import chromium, phone, press

_SECONDS = 5.0
"""A machine that runs tests may be busy; that it is one second is measured, by
``python -m loadtests.withdrawal``."""


@pytest.fixture(scope="module")
def open_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city that may call receivers on this machine."""
    folder = tmp_path_factory.mktemp("withdrawal")
    with running_city(folder, "--workers", "2", "--deliver-to", "127.0.0.0/8") as city:
        yield city


async def test_reads_streams_groups_and_webhooks_end_with_the_consent(open_city: City) -> None:
    """Each of them brought something before; each is refused, and brings nothing, after."""
    for late in await measure(open_city.url, Path(open_city.folder), rounds=2):
        assert max(late.values()) < _SECONDS, late


async def test_the_resident_reads_who_was_asked_and_what_ended(open_city: City) -> None:
    async with httpx.AsyncClient(base_url=open_city.url) as browser:
        page = await browser.get("/my")
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "username": "hana", "password": open_city.password("hana")}
        await browser.post("/my", data={**form, "decision": "sign-in"})
        page = await browser.get("/my")
    assert "Withdrawal run" in page.text
    assert 'name="consent"' not in page.text


async def test_who_erases_themselves_in_a_browser_is_known_no_more(open_city: City) -> None:
    city = open_city
    async with chromium() as browser:
        page = await (await phone(browser)).new_page()

        async def come() -> None:
            await page.goto(f"{city.url}/my?lang=en")
            await page.locator("input[name=username]").fill("taro")
            await page.locator("input[name=password]").fill(city.password("taro"))
            await press(page, "Sign in")

        await come()
        await page.goto(f"{city.url}/my/safety?lang=en")
        await page.locator("input[name=sure]").check()
        async with page.expect_navigation():
            await page.locator("button[value=erase]").click()
        await come()
        assert await page.locator("input[name=password]").is_visible()
        assert await page.locator("[role=alert]").is_visible()
