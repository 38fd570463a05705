"""The page of the map: a list without script, a stream with it, over when the session is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.control.citymap.city import CityMap
from gateway.control.console import map_page
from gateway.control.console.map_rows import MOST, rows
from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.pages.asset_files import find
from tests.gateway.control.city import City
from tests.gateway.control.citymap.test_things import ALERT, BUS, DRILL, SHELTER
from tests.gateway.control.staff.browsing import staff_browser

EN = CONSOLE_TEXTS["en"]
ALL = [one.as_keyvalues() for one in (SHELTER, BUS, ALERT, DRILL)]


def city_map(city: City) -> CityMap:
    found: CityMap = city.app.state.map.city
    return found


async def test_the_list_says_all_that_is_on_the_map_without_any_script(small_city: City) -> None:
    city_map(small_city).replace(ALL)
    async with staff_browser(small_city, "operator") as (browser, _):
        page = (await browser.get("/console/map", params={"lang": "en"})).text
    for said in ("Kitamachi School", "208 of 520", "bus-1", "at a stop", "The river rises"):
        assert said in page
    assert "exercise" in page


async def test_nothing_of_the_map_is_told_to_strangers(small_city: City) -> None:
    city_map(small_city).replace(ALL)
    async with small_city.browser() as browser:
        for path in ("/console/map", "/console/map/base"):
            answer = await browser.get(path)
            assert answer.status_code == 303 and "/staff/sign-in" in answer.headers["location"]
        told = await browser.get("/console/map/events")
    assert told.text.startswith("event: over\n") and "event: things" not in told.text


async def test_the_stream_tells_the_things_and_the_list_once(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_page, "_PACE", 0.0)
    city = city_map(small_city)
    city.replace(ALL)
    answers = iter([True, True, False])

    async def may(*_: object) -> bool:
        return next(answers)

    monkeypatch.setattr(map_page, "may_watch", may)
    stream = map_page._events(None, small_city.control, city, "en")  # type: ignore[arg-type]
    assert (await anext(stream)).startswith(b"retry")
    first = (await anext(stream)).decode()
    assert re.findall(r"event: (\w+)", first) == ["things", "list"]
    city.change({"entityId": "urn:nobody", "entity": None})
    # the bus is elsewhere, which the list does not say
    at = {"type": "Point", "coordinates": [139.91, 36.5]}
    entity = {**BUS.as_keyvalues(), "location": {"type": "GeoProperty", "value": at}}
    city.change({"entityId": BUS.id, "entity": entity})
    assert re.findall(r"event: (\w+)", (await anext(stream)).decode()) == ["things"]
    assert (await anext(stream)).startswith(b"event: over")
    assert [one async for one in stream] == [] and city.watchers == 0


def made(kind: str, number: int) -> dict[str, Any]:
    name = {"ja": f"{number:03}", "en": f"{number:03}"}
    return {"id": str(number), "kind": kind, "name": name, "route": "R", "status": "", "at": [0, 0]}


def test_a_list_of_any_length_says_how_much_more_there_is() -> None:
    found = rows((made("vehicle", number) for number in range(MOST + 7)), "en", EN)
    assert len(found["vehicles"]) == MOST and found["more"]["vehicles"] == 7


async def test_the_page_names_its_library_for_later_and_loads_nothing_of_it(
    small_city: City,
) -> None:
    city_map(small_city).replace([])
    async with staff_browser(small_city, "operator") as (browser, _):
        page = (await browser.get("/console/map")).text
    (library,) = re.findall(r'data-library="/assets/([^"]+)"', page)
    assert find(library) is not None
    assert "maplibre" not in "".join(re.findall(r"<(?:script|link)[^>]+>", page))
