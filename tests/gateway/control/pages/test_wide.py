"""The wide layout: languages, navigation, what it may load."""

from __future__ import annotations

import re

import pytest

from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.portal.texts import PORTAL_TEXTS
from tests.gateway.control.city import City


async def test_the_front_door_is_the_portal(small_city: City) -> None:
    answer = await small_city.http.get("/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/developers"


async def test_a_wide_page_runs_scripts_of_this_site_and_no_others(small_city: City) -> None:
    page = await small_city.http.get("/developers")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    narrow = await small_city.http.get("/my")
    assert "script-src" not in narrow.headers["content-security-policy"]


async def test_the_language_that_was_chosen_stays(small_city: City) -> None:
    async with small_city.browser() as browser:
        assert 'lang="ja"' in (await browser.get("/developers")).text
        assert 'lang="en"' in (await browser.get("/developers?lang=en")).text
        assert 'lang="en"' in (await browser.get("/developers")).text
        assert 'lang="ja"' in (await browser.get("/developers?lang=easy")).text


async def test_the_other_language_is_the_same_page_with_the_same_question(
    small_city: City,
) -> None:
    page = await small_city.http.get("/developers?q=a%26b&lang=en")
    assert 'href="?q=a%26b&amp;lang=ja"' in page.text


async def test_the_navigation_says_where_one_is(small_city: City) -> None:
    page = await small_city.http.get("/developers")
    assert page.text.count('aria-current="page"') == 1


@pytest.mark.parametrize("texts", [PORTAL_TEXTS, CONSOLE_TEXTS], ids=["portal", "console"])
def test_no_language_lacks_a_line(texts: dict[str, dict[str, str]]) -> None:
    assert texts["ja"].keys() == texts["en"].keys()
    for key, text in texts["ja"].items():
        fields = [sorted(re.findall("{.*?}", one)) for one in (text, texts["en"][key])]
        assert fields[0] == fields[1], key
