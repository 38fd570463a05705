"""A developer arrives, and has called an API a few clicks later: in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from secrets import token_hex

import pytest_asyncio
from playwright.async_api import Page, async_playwright

from tests.journeys.city import City

MOST_CLICKS = 12
MOST_FIELDS = 6


@dataclass
class Visitor:
    """Somebody at a browser, whose clicks and fields are counted.

    The words are those of the English pages: whoever comes for the first time has nothing else.
    """

    page: Page
    clicks: int = 0
    fields: int = 0

    async def press(self, name: str) -> None:
        """A button, or a link that looks like one."""
        self.clicks += 1
        main = self.page.locator("main")
        found = main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name))
        await found.first.click()

    async def tick(self, name: str) -> None:
        self.clicks += 1
        await self.page.get_by_label(name).check()

    async def fill(self, name: str, text: str) -> None:
        self.fields += 1
        await self.page.get_by_label(name).first.fill(text)


@pytest_asyncio.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            context = await chromium.new_context(locale="en")
            yield Visitor(await context.new_page())
        finally:
            await chromium.close()


async def test_from_arriving_to_the_first_call_with_a_token(city: City, visitor: Visitor) -> None:
    page = visitor.page
    await page.goto(f"{city.url}/developers")
    await visitor.press("Become a developer")
    await visitor.fill("Your name", "Mori Midori")
    await visitor.fill("User name", f"mori-{token_hex(4)}")
    await visitor.fill("Password", "kaigan-dori-12-banchi")
    await visitor.press("Make the account")
    await visitor.press("New sandbox application")
    await visitor.fill("Name of the application", "Beds")
    await visitor.tick("Hospitals and their capacity")
    await visitor.press("Create")
    secret = await page.locator("#client-secret").inner_text()
    await visitor.press("I have kept them")
    assert secret not in await page.content()
    await visitor.press("Make a token for trying")
    token = await page.locator("#trial-token").inner_text()
    await visitor.press("Try it in the reference")
    await visitor.fill("Access token", token)
    await visitor.press("Send")
    answer = page.locator("[data-answer]")
    await answer.get_by_text("Mirai City General Hospital").wait_for()
    assert "200" in await answer.locator("[data-status]").inner_text()
    assert visitor.clicks <= MOST_CLICKS, visitor
    assert visitor.fields <= MOST_FIELDS, visitor
