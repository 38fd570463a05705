"""An operator looks at the city: it moves, it is counted, and what goes wrong is said first."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.journeys import apps
from tests.journeys.city import City, until
from tests.journeys.staff import at_the_console

PATIENCE = 40_000
"""Milliseconds for what takes two seconds on a machine that has nothing else to do."""
FOLLOW = """() => {
  window.seen = {};
  document.getElementById("map").addEventListener("drawn", (event) => {
    for (const one of event.detail.features) {
      (window.seen[one.properties.id] ??= new Set()).add(one.geometry.coordinates.join());
    }
  });
}"""
MOVED = "() => Object.values(window.seen).some((places) => places.size > 1)"


async def the_map_moves(page: Page, city: City) -> None:
    """A vehicle drives, and a shelter fills when its count is changed through the API."""
    late: list[str] = []
    page.on("request", lambda asked: late.append(asked.url) if "maplibre" in asked.url else None)
    await page.goto(f"{city.url}/console/map", wait_until="commit")
    await page.wait_for_selector("#map[data-ready]", timeout=PATIENCE)
    assert late, "the library is loaded by the page's own module"
    await page.evaluate(FOLLOW)
    await page.wait_for_function(MOVED, timeout=PATIENCE)

    shelter = next(one for one in city.entities("Shelter") if one.get("capacity", 0) > 300)
    await the_shelter_fills(page, city, shelter)
    row = page.locator("#map-list tr", has=page.locator(f"[data-show='{shelter['id']}']"))
    await expect(row).to_contain_text(f"123 of {shelter['capacity']}", timeout=PATIENCE)
    await row.locator("[data-show]").press("Enter")
    await expect(page.locator(".maplibregl-popup")).to_contain_text("123 of", timeout=PATIENCE)


async def the_shelter_fills(page: Page, city: City, shelter: dict[str, Any]) -> None:
    """The sample city counts too, now and then: whoever counts last is right."""
    mark = page.locator(f"[data-id='{shelter['id']}'].shelter-mark")
    for _ in range(4):
        with city.client("operator") as operator:
            told = operator.put(
                f"/disaster/v1/shelters/{shelter['shelterId']}/occupancy",
                json={"occupants": 123, "open": True},
            )
        assert told.status_code == 200, told.text
        with suppress(AssertionError):
            await expect(mark).to_have_attribute("data-occupants", "123", timeout=PATIENCE / 4)
            return
    await expect(mark).to_have_attribute("data-occupants", "123")


async def errors_are_found(page: Page, city: City) -> None:
    """An API whose process is gone answers with errors: the page says which, without reload."""
    with ExitStack() as attached:
        with apps.running(apps.named("kiosks")) as app:
            attached.enter_context(apps.attached(city, app, "kiosks"))
            until(lambda: httpx.get(f"{city.url}/apps/kiosks/about").status_code == 200)
            await expect(page.locator("#live-findings")).not_to_contain_text("kiosks")
        for _ in range(12):
            assert httpx.get(f"{city.url}/apps/kiosks/about").status_code >= 500
        found = page.locator("#live-findings li", has_text="kiosks: ")
        await expect(found.first).to_contain_text("errors", timeout=PATIENCE)
        await expect(found.first).to_contain_text("kiosks.about", timeout=PATIENCE)


@asynccontextmanager
async def stopped(city: City, name: str) -> AsyncIterator[None]:
    """One process does nothing for a while, as one that hangs."""
    pid = city.pid(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(until, lambda: _answers(city), 40)


def _answers(city: City) -> bool:
    with city.client() as http:
        return http.get("/mobility/v1/stops").status_code == 200


async def test_an_operator_sees_the_city_move_and_what_goes_wrong(city: City) -> None:
    async with at_the_console(city, "operator") as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await the_map_moves(page, city)
        await page.goto(f"{city.url}/console/live")
        words = re.compile("connectors 127.0.0.1.* has not answered")
        silent = page.locator("#live-findings li", has_text=words)
        async with stopped(city, "connectors"):
            # it takes ten seconds to be sure that a process does not answer
            await errors_are_found(page, city)
            await expect(silent).to_have_count(1, timeout=PATIENCE)
        await expect(silent).to_have_count(0, timeout=PATIENCE)
        assert not problems
