"""Operators at the console in a real browser: what they do holds in the city at once; an auditor
sees it, checks it, and can change nothing."""

from __future__ import annotations

import httpx
from playwright.async_api import Page

from tests.journeys import apps
from tests.journeys.city import City, until
from tests.journeys.staff import at_the_console


async def press(page: Page, decision: str) -> None:
    """Press a button, and be told that it was done."""
    button = page.locator(f"button[value={decision}]").first
    await open_up(page, decision)
    form = button.locator("xpath=ancestor::form")
    for box in await form.locator("input[name=sure]").all():
        await box.check()
    async with page.expect_navigation():
        await button.click()
    assert await page.get_by_role("status").first.is_visible(), await page.content()


async def open_up(page: Page, decision: str) -> None:
    folded = page.locator(f"details:not([open]):has(button[value={decision}]) > summary")
    if await folded.count():
        await folded.first.click()


async def approve(page: Page, city: City) -> None:
    """Who waits is let in with less than it asked for, and its token works."""
    asked = {"client_name": "Console journey", "scope": "mobility:read disaster:read"}
    made = httpx.post(f"{city.url}/oauth/register", json=asked).json()
    auth = (made["client_id"], made["client_secret"])

    def token() -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        return httpx.post(f"{city.url}/oauth/token", data=form, auth=auth)

    assert token().status_code == 400
    await page.goto(f"{city.url}/console/clients")
    await page.get_by_role("link", name="Console journey").first.click()
    await page.locator("input[name='scope.disaster:read']").uncheck()
    await press(page, "approve")
    given = token().json()
    assert given["scope"] == "mobility:read"
    with city.bearer(given["access_token"]) as http:
        until(lambda: http.get("/mobility/v1/stops?limit=1").status_code == 200)
        await press(page, "suspend")
        until(lambda: http.get("/mobility/v1/stops?limit=1").status_code == 401)
    assert token().status_code == 401


async def drain_and_purge(page: Page, city: City) -> None:
    """A worker gives its place to a successor; what was kept is forgotten."""
    with city.client("operator") as operator:

        def workers() -> set[str]:
            told = operator.get("/control/v1/gateways").json()
            return {one["worker"] for gateway in told for one in gateway["workers"]}

        before = until(workers)
        await page.goto(f"{city.url}/console/gateways")
        await press(page, "drain")
        until(lambda: workers() - before)
    await press(page, "purge")


async def rotate(page: Page, city: City) -> None:
    """The next key is public before it signs."""

    def kids() -> set[str]:
        return {one["kid"] for one in httpx.get(f"{city.url}/oauth/jwks").json()["keys"]}

    before = kids()
    await page.goto(f"{city.url}/console/keys")
    await press(page, "rotate")
    assert kids() > before


async def attach(page: Page, city: City) -> None:
    """A document with findings is shown them; mended, it is attached, and can be called."""
    document = apps.named("scooters")
    good = document["paths"]["/about"]["get"].pop("security")
    with apps.running(document) as app:
        await page.goto(f"{city.url}/console/apis")
        await page.locator("input[name=documentUrl]").fill(f"{app.url}/openapi.json")
        await page.locator("input[name=name]").fill("scooters")
        await page.locator("button[value=preview]").click()
        assert "/paths/~1about/get" in await page.get_by_role("table").inner_text()
        app.document["paths"]["/about"]["get"]["security"] = good
        await page.locator("button[value=preview]").click()
        shown = page.get_by_role("table", name="What would become public")
        assert "/apps/scooters/stations" in await shown.inner_text()
        await press(page, "attach")
        until(lambda: httpx.get(f"{city.url}/apps/scooters/about").status_code == 200)
        await press(page, "detach")
    until(lambda: httpx.get(f"{city.url}/apps/scooters/about").status_code == 404)


async def declare_and_end(page: Page, city: City) -> None:
    await page.goto(f"{city.url}/console/emergency")
    await page.locator("input[name=reason]").fill("Console journey")
    await page.locator("input[name=word]").fill("not the word")
    await page.locator("button[value=declare]").click()
    assert await page.locator("#word-error").is_visible()
    await page.locator("input[name=word]").fill("emergency")
    await press(page, "declare")
    timer = page.get_by_role("timer")
    before = await timer.inner_text()
    await page.wait_for_function(
        "before => document.querySelector('[role=timer]').textContent !== before", arg=before
    )
    with city.client("operator") as operator:
        assert operator.get("/control/v1/emergency").status_code == 200
        await press(page, "end")
        assert operator.get("/control/v1/emergency").status_code == 404


async def replay(page: Page, city: City) -> None:
    """What a consumer gave up comes to it again."""
    group = "/events/v1/groups/console-journey"
    with city.client() as consumer:
        asked = {"types": ["city.*"], "limit": 1, "waitSeconds": 10}
        batch = until(
            lambda: (b := consumer.post(f"{group}/fetch", json=asked).json())["events"] and b
        )
        poison = batch["events"][0]
        body = {"cursor": batch["cursor"], "id": poison["id"], "reason": "an unknown unit"}
        assert consumer.post(f"{group}/reject", json=body).status_code == 204
        consumer.post(f"{group}/commit", json={"cursor": batch["cursor"]})
        until(lambda: consumer.get("/events/v1/dead-letters").json()["deadLetters"])
        await page.goto(f"{city.url}/console/dead-letters")
        row = page.get_by_role("row").filter(has_text="an unknown unit")
        await row.get_by_role("link").click()
        assert poison["id"] in await page.locator("pre").inner_text()
        await press(page, "replay")

        def again() -> bool:
            more = {**asked, "limit": 100, "types": [poison["type"]]}
            got = consumer.post(f"{group}/fetch", json=more).json()
            consumer.post(f"{group}/commit", json={"cursor": got["cursor"]})
            return poison["id"] in {event["id"] for event in got["events"]}

        until(again)
        await press(page, "discard")


async def test_what_operators_do_at_the_console_holds_at_once_and_can_be_proved(
    city: City,
) -> None:
    async with at_the_console(city, "operator") as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await approve(page, city)
        await attach(page, city)
        await declare_and_end(page, city)
        await replay(page, city)
        await rotate(page, city)
        await drain_and_purge(page, city)
        answer = await page.goto(f"{city.url}/console/audit")
        assert answer is not None
        assert answer.status == 403, "operators do not audit themselves"
    async with at_the_console(city, "auditor") as page:
        await page.goto(f"{city.url}/console/audit?action=emergency.*&text=Console journey")
        row = page.get_by_role("row").filter(has_text="emergency.declare")
        assert "staff:" in await row.inner_text()
        await row.get_by_role("link").click()
        assert "neither changed nor moved" in await page.locator("main").inner_text()
        async with page.expect_download() as download:
            await page.get_by_role("link", name=".tlog-proof").click()
        assert (await download.value).suggested_filename.endswith(".tlog-proof")
        await page.goto(f"{city.url}/console/audit/checkpoints")
        await page.locator("input[name=first]").fill("1")
        async with page.expect_navigation():
            await page.locator("button[value=sizes]").click()
        assert "only grown" in await page.get_by_role("status").inner_text()
        answer = await page.goto(f"{city.url}/console/clients")
        assert answer is not None
        assert answer.status == 403
    assert not problems
