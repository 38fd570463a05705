"""The timeline: by app, by area, by period, and page by page in whole days."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from gateway.control.trail import uses
from tests.gateway.control.audit.accesses import NOW, access, send
from tests.gateway.control.city import City
from tests.gateway.control.consent.apis import caring_city
from tests.gateway.control.trail.people import PATH, at_home, hanako, object_to

DAY = 86_400_000


async def test_it_is_narrowed_by_app_area_and_period(tmp_path: Path) -> None:
    async with caring_city(tmp_path) as city:
        subject, now = await hanako(city), city.control.now_ms()
        await send(
            city,
            access(0, subject, at=now - 40 * DAY, client="other", dataset="rides"),
            access(1, subject, at=now - 10 * DAY, client="app", dataset="rides"),
            access(2, subject, at=now, client="app", dataset="records"),
        )

        async def seen(**query: str) -> int:
            page = await browser.get(PATH, params={"lang": "en", **query})
            return page.text.count(" looked at “")

        async with at_home(city) as browser:
            assert await seen() == 3
            assert await seen(app="app") == 2
            assert await seen(domain="mobility") == 2
            assert await seen(days="30") == 2
            assert await seen(app="app", domain="mobility", days="7") == 0
            assert await seen(app="nobody") == 0
            assert await seen(days="9", before="x") == 3, "nonsense is as if it were not there"
            page = await browser.get(f"{PATH}?lang=en&domain=mobility")
    assert '<option value="mobility" selected>Travel</option>' in page.text
    assert 'value="platform"' not in page.text


async def test_older_days_are_a_page_further_and_no_day_is_on_two(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "MOST", 4)
    subject = await hanako(small_city)
    days = (0, 0, 1, 1, 2, 2)
    await send(small_city, *(access(n, subject, at=NOW + day * DAY) for n, day in enumerate(days)))
    pages, address = [], f"{PATH}?lang=en"
    async with at_home(small_city) as browser:
        while address:
            pages.append((await browser.get(address)).text)
            older = re.search(r'<a href="([^"]+)">Earlier ones', pages[-1])
            address = html.unescape(older[1]) if older else ""
    assert [page.count('<section class="day"') for page in pages] == [1, 1, 1]
    assert all(page.count("2 times") == 1 for page in pages)
    assert ["To the newest" in page for page in pages] == [False, True, True]


async def test_an_objection_to_an_old_line_is_taken_and_listed_with_its_state(
    small_city: City,
) -> None:
    subject = await hanako(small_city)
    await send(small_city, access(0, subject))
    async with at_home(small_city) as browser:
        done = await object_to(browser, "Why?")
        assert done.headers["location"] == f"{PATH}?done=objected"
        page = (await browser.get(f"{PATH}?lang=en&days=7")).text
        (one,) = (await small_city.http.get("/control/v1/objections")).json()
        assert "There is nothing like that" in page
        assert "waiting for an answer" in page
        answer = {"answer": "For your ride."}
        await small_city.http.post(f"/control/v1/objections/{one['id']}/answer", json=answer)
        page = (await browser.get(f"{PATH}?lang=en&days=7")).text
    assert "For your ride." in page
    assert ">answered</span>" in page
