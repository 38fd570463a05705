"""A resident at home in a real browser: who looked, objecting, a copy of it all, withdrawing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.journeys.city import City, until
from tests.journeys.partner import REDIRECT, Partner
from tests.journeys.test_residents import RECORDS

NAME = "みらい手帳"
PERSON = "taro"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


async def phone(browser: Browser) -> BrowserContext:
    return await browser.new_context(locale="en", viewport={"width": 390, "height": 780})


async def press(page: Page, name: str) -> None:
    """A button, and what follows."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).first.click()


async def sign_in(page: Page, city: City) -> None:
    await page.locator("input[name=username]").fill(PERSON)
    await page.locator("input[name=password]").fill(city.password(PERSON))
    await press(page, "Sign in")


async def agree(page: Page, city: City, partner: Partner) -> str:
    """Let an app read the medical records, and be sent back to it; its access token."""
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(route: Any) -> None:
        came.set_result(route.request.url)
        await route.fulfill(body="back")

    await page.route(f"{REDIRECT}*", answer)
    await page.goto(city.url + partner.authorize_url("medical:records"))
    await sign_in(page, city)
    await page.locator("input[type=checkbox]").check()
    await page.get_by_role("button", name="Allow", exact=True).click()
    code = parse_qs(urlsplit(await asyncio.wait_for(came, 20)).query)["code"][0]
    return str(partner.redeem(code).json()["access_token"])


async def read(city: City, token: str) -> None:
    """The app looks; once the control plane has linked the resident to the record."""
    with city.bearer(token) as app:
        await asyncio.to_thread(until, lambda: app.get(RECORDS).status_code == 200, 30)


async def shown(page: Page, url: str, text: str) -> None:
    """Look again until the gateways have told of what was done."""
    async with asyncio.timeout(30):
        await page.goto(url)
        while not await page.get_by_text(text).first.is_visible():
            await asyncio.sleep(0.2)
            await page.reload()


async def object_and_be_answered(page: Page, city: City) -> None:
    line = page.locator("li", has_text=f"{NAME} (Techo Inc.) looked at").first
    await line.locator("summary").click()
    await line.locator("input[name=reason]").fill("I do not use it any more")
    async with page.expect_navigation():
        await line.get_by_role("button").click()
    assert await page.get_by_text("waiting for an answer").first.is_visible()
    with city.client("operator") as operator:
        made = operator.get("/control/v1/objections").json()
        (mine,) = (one for one in made if one["reason"] == "I do not use it any more")
        body = {"answer": "The app has deleted it."}
        answered = operator.post(f"/control/v1/objections/{mine['id']}/answer", json=body)
        assert answered.status_code == 204
    await page.reload()
    assert await page.get_by_text("The app has deleted it.").first.is_visible()


async def copy(page: Page, city: City, folder: Path) -> dict[str, Any]:
    """Download everything; its JSON files by name."""
    await page.get_by_role("link", name="Download", exact=True).click()
    await page.locator("input[name=password]").fill(city.password(PERSON))
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="Download all my data").click()
    came = await coming.value
    assert came.suggested_filename.startswith("My data 20")
    await came.save_as(folder / "copy.zip")
    with ZipFile(folder / "copy.zip") as archive:
        assert PERSON in archive.read("Read me first.html").decode()
        names = [name for name in archive.namelist() if name.endswith(".json")]
        return {name: json.loads(archive.read(name)) for name in names}


async def test_a_resident_sees_objects_takes_a_copy_and_withdraws(
    city: City, tmp_path: Path
) -> None:
    client_id, secret = city.register(
        "medical:records",
        client_name=NAME,
        client_class="partner",
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[REDIRECT],
        organisation="Techo Inc.",
    )
    partner = Partner(city, client_id, secret)
    async with chromium() as browser:
        page = await (await phone(browser)).new_page()
        token = await agree(page, city, partner)
        await page.goto(f"{city.url}/my")
        await press(page, "Sign out")
        await read(city, token)
        await sign_in(page, city)
        await shown(page, f"{city.url}/my", f"{NAME} (Techo Inc.) looked at your data")
        assert await page.get_by_text("Since you were last here").is_visible()

        await page.get_by_role("link", name="See when it was used").click()
        await page.get_by_label("App").select_option(client_id)
        await page.get_by_label("Area").select_option("medical")
        await press(page, "Show")
        assert await page.locator(".day li").count() == 1
        await object_and_be_answered(page, city)

        parts = await copy(page, city, tmp_path)
        assert parts["Account.json"]["username"] == PERSON
        assert any(one["client"] == client_id for one in parts["Consents and receipts.json"])
        assert "patient-taro" in json.dumps(parts["data/A resident's own medical records.json"])
        await shown(page, f"{city.url}/my/uses?app=my-page", "You yourself looked at")

        await withdraw(page, city, token)
        await end_the_other_sign_in(page, city, await phone(browser))


async def withdraw(page: Page, city: City, token: str) -> None:
    """In one press; it says what stops, and it does."""
    await page.goto(f"{city.url}/my")
    card = page.locator(".card", has_text=NAME)
    assert await page.get_by_text("within one second").first.is_visible()
    async with page.expect_navigation():
        await card.get_by_role("button", name="Withdraw all of this app").click()
    status = page.get_by_role("status")
    assert f"Nothing is given to {NAME} any more" in await status.inner_text()
    with city.bearer(token) as app:
        refused = await asyncio.to_thread(
            until, lambda: (said := app.get(RECORDS)).status_code == 401 and said, 2
        )
    assert isinstance(refused, httpx.Response)
    assert await card.count() == 0


async def end_the_other_sign_in(page: Page, city: City, other: BrowserContext) -> None:
    elsewhere = await other.new_page()
    await elsewhere.goto(f"{city.url}/my")
    await sign_in(elsewhere, city)
    await page.goto(f"{city.url}/my/safety")
    await press(page, "End it")
    assert "It is ended." in await page.get_by_role("status").inner_text()
    await elsewhere.reload()
    assert await elsewhere.locator("input[type=password]").is_visible()
