"""A developer sees how their own application uses the APIs, in plots and in numbers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.control.portal.texts_usage import USAGE_TEXTS
from gateway.control.portal.usage_page import RANGES
from tests.gateway.control.city import City
from tests.gateway.control.consent.apis import caring_city
from tests.gateway.control.portal.developers import APPS, Developer, developer
from tests.gateway.control.usage.reports import report, use


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with caring_city(tmp_path) as found:
        yield found


@pytest.fixture
async def dev(city: City) -> AsyncIterator[Developer]:
    async with developer(city) as found:
        yield found


def page_of(client_id: str) -> str:
    return f"{APPS}/{client_id}/usage"


async def used(city: City, client_id: str) -> None:
    errors = {"http-404": 2, "insufficient-scope": 1, "made-up": 1}
    told = use(
        "mobility.listStops", client_id, statuses=[0, 0, 1230, 0, 3, 1],
        latency=[0, 0, 0, 0, 1000, 0, 0, 234], errors=errors, spent=1231,
    )  # fmt: skip
    assert (await report(city, 1, told)).status_code == 204
    city.clock.advance(61)


async def test_numbers_and_plots_are_there(city: City, dev: Developer) -> None:
    made = await dev.create()
    await used(city, made["client_id"])
    for chosen in RANGES:
        page = await dev.get(page_of(made["client_id"]), range=chosen, lang="en")
        assert page.status_code == 200
        assert len(re.findall('<svg role="img"', page.text)) == 4
        for said in ("1,234", "0.3%", "The token lacks a scope", "made-up", "1,231 of 5,000"):
            assert said in page.text, said
        current = re.findall(r'aria-current="page">([^<]+)<', page.text)[-1]
        assert current == USAGE_TEXTS["en"][f"range_{chosen}"]
        assert "<script>" not in page.text
        assert 'style="' not in page.text  # the policy for content would refuse it


async def test_without_calls_it_says_how_to_make_one(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = await dev.get(page_of(made["client_id"]), range="nonsense")
    assert USAGE_TEXTS["ja"]["no_calls"] in page.text
    assert f"/developers/quickstarts?app={made['client_id']}" in page.text


async def test_anothers_application_is_not_there(city: City, dev: Developer) -> None:
    made = await dev.create()
    async with developer(city, "kato") as other:
        assert (await other.get(page_of(made["client_id"]))).status_code == 404
    assert (await dev.get(page_of("machine"))).status_code == 404


def test_no_language_lacks_a_line() -> None:
    assert USAGE_TEXTS["ja"].keys() == USAGE_TEXTS["en"].keys()
    for texts in zip(*(USAGE_TEXTS[one].items() for one in ("ja", "en")), strict=True):
        (key, one), (_, other) = texts
        assert set(re.findall(r"{\w+}", one)) == set(re.findall(r"{\w+}", other)), key
