"""A developer looks at what their application did, and at its webhooks: in a real browser."""

from __future__ import annotations

import asyncio
from secrets import token_hex

import httpx

from tests.journeys.city import City
from tests.journeys.test_developers import Visitor, visitor

__all__ = ["visitor"]  # the fixture


async def test_from_the_first_calls_to_their_plots_and_a_webhook(
    city: City, visitor: Visitor
) -> None:
    page = visitor.page
    await page.goto(f"{city.url}/developers/join")
    await visitor.fill("Your name", "Mori Kaede")
    await visitor.fill("User name", f"kaede-{token_hex(4)}")
    await visitor.fill("Password", "kaigan-dori-12-banchi")
    await visitor.press("Make the account")
    await visitor.press("New sandbox application")
    await visitor.fill("Name of the application", "Plots")
    await page.locator("input[name='scope events:read']").check()
    await page.locator("input[name='scope mobility:read']").check()
    await visitor.press("Create")
    client_id = await page.locator("#client-id").inner_text()
    secret = await page.locator("#client-secret").inner_text()
    await _called(city, client_id, secret)

    app = f"{city.url}/developers/apps/{client_id}"
    await page.goto(app)
    await visitor.press("See its usage")
    used = page.locator("figure#quota td:first-of-type")
    async with asyncio.timeout(60):  # workers tell every few seconds
        while "4" not in await used.all_text_contents():  # what was refused is not charged
            await asyncio.sleep(0.5)
            await page.reload()
    await visitor.press("1 hour")
    assert await page.get_by_role("img", name="Requests").count() == 1
    assert await page.get_by_text("The token lacks a scope").count() >= 1
    row = page.get_by_role("row", name="mobility.listStops")
    assert (await row.get_by_role("cell").nth(0).inner_text()) == "3"

    await page.goto(app)
    await visitor.press("See its webhooks")
    assert await page.get_by_role("heading", name="https://hooks.example/city").count() == 1
    assert await page.get_by_text("URL to be verified").count() == 1
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in ("usage", "webhooks"):
        await page.set_viewport_size({"width": 390, "height": 800})
        await page.goto(f"{app}/{path}?lang=ja")
        assert await page.evaluate(wide) <= 0, path


async def _called(city: City, client_id: str, secret: str) -> None:
    """Some calls that are answered, one that may not be, and a webhook."""
    async with httpx.AsyncClient(base_url=city.url, timeout=15) as http:
        form = {"grant_type": "client_credentials"}
        made = await http.post("/oauth/token", data=form, auth=(client_id, secret))
        http.headers["authorization"] = f"Bearer {made.json()['access_token']}"
        for _ in range(3):
            assert (await http.get("/mobility/v1/stops?limit=1")).status_code == 200
        assert (await http.get("/control/v1/clients")).status_code == 403
        hook = {"url": "https://hooks.example/city", "types": ["city.disaster.*"]}
        answer = await http.post("/events/v1/webhooks", json=hook)
        assert answer.status_code == 201, answer.text
