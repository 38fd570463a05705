"""A developer who is here for the first time: what there is, one operation, a first answer."""

from __future__ import annotations

import json
import re
import subprocess

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.journeys.city import City
from tests.journeys.test_pages import browser_page

JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
WORDS = {
    "ja": ("指定避難所", "送る", "トークンを得る"),
    "en": ("emergency shelters", "Send", "Get a token"),
}


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_developer_finds_data_reads_an_operation_and_calls_it(
    city: City, language: str
) -> None:
    searched, send, get_token = WORDS[language]
    async with browser_page(language) as page:
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(city.url)
        assert page.url == f"{city.url}/developers"
        _works_as_pasted(await page.locator("#first-call").inner_text())

        await page.locator('nav a[href="/developers/catalogue"]').click()
        await page.locator("input[name=q]").fill(searched)
        await expect(page.locator("#results .card")).to_have_count(1)
        assert "q=" in page.url, "what was found can be sent to somebody"
        await page.locator("#results .card a").click()
        await page.get_by_role("link", name="GET /disaster/v1/shelters", exact=True).click()
        await page.locator('[data-name="limit"]').fill("2")
        await page.get_by_role("button", name=send).click()
        await expect(page.locator("[data-status]")).to_contain_text("200")
        await expect(page.locator("[data-content]")).to_contain_text('"items"')
        shown = json.loads(await page.locator("[data-content]").inner_text())
        assert len(shown["items"]) == 2

        await page.goto(f"{city.url}/developers/apis/mobility/operations/listStops")
        await _with_a_token(page, city, send, get_token)
        assert not wrong


async def _with_a_token(page: Page, city: City, send: str, get_token: str) -> None:
    """With one that the page gets by itself, and keeps nowhere, the operation answers."""
    await page.locator("details:has([data-fetch-token]) summary").click()
    await page.locator("[data-client]").fill("sample-app")
    await page.locator("[data-secret]").fill(city.secret("sample-app"))
    await page.get_by_role("button", name=get_token).click()
    await expect(page.locator("[data-token]")).to_have_value(JWT)
    await page.get_by_role("button", name=send).click()
    await expect(page.locator("[data-status]")).to_contain_text("200")
    token = await page.locator("[data-token]").input_value()
    stored = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert token not in stored + str(await page.context.cookies()), "it is in the page alone"


def _works_as_pasted(line: str) -> None:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["items"]


def test_programs_get_the_catalogue_from_the_same_address(city: City) -> None:
    accept = {"accept": "application/ld+json"}
    found = httpx.get(f"{city.url}/developers/catalogue", headers=accept)
    assert found.headers["content-type"] == "application/ld+json"
    assert len(found.json()["dcat:dataset"]) > 20
    page = httpx.get(f"{city.url}/developers/catalogue", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")


def test_scripts_and_styles_come_from_the_gateways_own_cache(city: City) -> None:
    page = httpx.get(f"{city.url}/developers").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answers = [httpx.get(city.url + style) for _ in range(8)]
    assert all("immutable" in one.headers["cache-control"] for one in answers)
    assert any("hit" in one.headers["cache-status"] for one in answers), "one worker has it"
