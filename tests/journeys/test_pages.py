"""Sign-in and consent in a real browser, by keyboard alone, in every language."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, async_playwright

from tests.journeys.city import City, until
from tests.journeys.partner import REDIRECT, Partner

RECORDS = "/medical/v1/residents/me/records"
SCOPE = "medical:records education:enrolments"
PAGES = {
    "ja": ("サインイン", "データの利用への同意", "本人の診療記録"),
    "en": ("Sign in", "Allow the use of your data", "medical records"),
}


@asynccontextmanager
async def browser_page(language: str) -> AsyncIterator[Page]:
    """A page of Debian's Chromium that reads ``language`` and asks nobody outside."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            context = await chromium.new_context(
                locale=language, viewport={"width": 390, "height": 780}
            )
            yield await context.new_page()
        finally:
            await chromium.close()


async def callback(page: Page) -> asyncio.Future[str]:
    """Stands in for the partner's app: the address with which the browser comes back to it."""
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(route: object) -> None:
        came.set_result(route.request.url)  # type: ignore[attr-defined]
        await route.fulfill(body="back")  # type: ignore[attr-defined]

    await page.route(f"{REDIRECT}*", answer)
    return came


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def sign_in(page: Page, city: City, resident: str, password: str) -> None:
    """From the fresh page to what follows it, without a mouse."""
    await page.locator("input[name=username]").focus()
    await page.keyboard.type(resident)
    await press(page, "Tab")
    await page.keyboard.type(password)
    async with page.expect_navigation():
        await press(page, "Enter")


async def agree_together(page: Page, came: asyncio.Future[str]) -> None:
    """Where it is asked about (what the app has from before counts too), say yes by keyboard."""
    asked = asyncio.ensure_future(page.locator("input[name=combination]").wait_for())
    await asyncio.wait((came, asked), return_when=asyncio.FIRST_COMPLETED)
    if came.done():
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        return
    await page.locator("input[name=combination]").focus()
    await press(page, "Space")
    await page.locator("button[value=allow]").focus()
    await press(page, "Enter")


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_resident_signs_in_and_agrees_by_keyboard_alone(city: City, language: str) -> None:
    sign_in_title, consent_title, named = PAGES[language]
    partner = Partner(city)
    async with browser_page(language) as page:
        problems: list[str] = []
        page.on("console", lambda said: problems.append(said.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        came = await callback(page)
        await page.goto(city.url + partner.authorize_url(SCOPE))
        assert await page.locator("h1").inner_text() == sign_in_title
        assert await page.locator("html").get_attribute("lang") == language
        await sign_in(page, city, "hana", city.password("hana"))
        assert await page.locator("h1").inner_text() == consent_title
        assert named in (await page.locator("fieldset").inner_text()).lower()
        boxes = page.locator("input[type=checkbox]")
        for box in await boxes.all():
            assert not await box.is_checked()
            await box.focus()
            await press(page, "Space")
        await page.locator("button[value=allow]").focus()
        await press(page, "Enter")
        await agree_together(page, came)
        back = parse_qs(urlsplit(await asyncio.wait_for(came, 20)).query)
    assert back["state"] == [partner.state]
    assert partner.redeem(back["code"][0]).status_code == 200
    assert not problems


async def test_a_wrong_password_is_said_where_a_screen_reader_finds_it(city: City) -> None:
    async with browser_page("en") as page:
        await page.goto(city.url + Partner(city).authorize_url(SCOPE))
        await sign_in(page, city, "taro", "not his password")
        assert await page.get_by_role("alert").is_visible()
        assert await page.locator("input[type=password]").input_value() == ""


async def test_declining_tells_the_app_no_and_nothing_else(city: City) -> None:
    async with browser_page("en") as page:
        came = await callback(page)
        await page.goto(city.url + Partner(city).authorize_url(SCOPE))
        await sign_in(page, city, "taro", city.password("taro"))
        await page.get_by_role("button", name="Do not allow").click()
        back = parse_qs(urlsplit(await asyncio.wait_for(came, 20)).query)
    assert back["error"] == ["access_denied"]
    assert "code" not in back


async def test_the_page_may_not_be_put_in_a_frame_and_loads_nothing_from_elsewhere(
    city: City,
) -> None:
    asked: list[str] = []
    async with browser_page("ja") as page:
        page.on("request", lambda request: asked.append(request.url))
        answer = await page.goto(city.url + Partner(city).authorize_url(SCOPE))
        assert answer is not None
        policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert [url for url in asked if not url.startswith(city.url)] == []


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_resident_withdraws_by_keyboard_and_the_app_is_refused(
    city: City, language: str
) -> None:
    partner = Partner(city)
    async with browser_page(language) as page:
        came = await callback(page)
        await page.goto(city.url + partner.authorize_url("medical:records"))
        await sign_in(page, city, "kenji", city.password("kenji"))
        await page.locator("input[type=checkbox]").check()
        await page.locator("button[value=allow]").click()
        back = parse_qs(urlsplit(await asyncio.wait_for(came, 20)).query)
        token = partner.redeem(back["code"][0]).json()["access_token"]
        with city.bearer(token) as app:
            # linked or not yet: the token itself is good
            assert app.get(RECORDS).status_code in {200, 404}
            await page.goto(f"{city.url}/my")
            assert "Mirai Note" in await page.locator(".card h2").first.inner_text()
            await page.locator("button[value=withdraw]").first.focus()
            async with page.expect_navigation():
                await press(page, "Enter")
            assert await page.get_by_role("status").is_visible()
            until(lambda: app.get(RECORDS).status_code == 401)
    assert partner.refresh(token).status_code == 400
