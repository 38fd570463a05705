"""The live page: whole without script, kept up to date with it, over when the session is."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.control.console import live_page
from gateway.control.console.live_links import PLACES, place
from gateway.control.console.live_page import PARTS, changes, event, written
from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.live.rules import RULES
from gateway.control.live.watch import Live
from gateway.control.pages.wide import Link
from tests.gateway.control.city import City, running
from tests.gateway.control.staff.browsing import staff_browser

PAGE, EVENTS = "/console/live", "/console/live/events"


def live_of(city: City) -> Live:
    found: Live = city.app.state.live
    return found


async def test_the_page_has_every_part_without_any_script(small_city: City) -> None:
    await live_of(small_city).look()
    async with staff_browser(small_city, "operator") as (browser, _):
        page = (await browser.get(PAGE, params={"lang": "en"})).text
    assert "All is well" in page and "<caption>" not in page.split("<main")[0]
    for part in PARTS:
        assert f'sse-swap="{part}"' in page
    assert 'sse-connect="/console/live/events?lang=en"' in page


async def test_a_process_that_is_gone_is_the_first_thing_to_read(tmp_path: Path) -> None:
    async with running(tmp_path, metrics_urls="broker=http://127.0.0.1:1") as city:
        live = live_of(city)
        await live.look()
        live.gatherer.instances["broker", "127.0.0.1"].heard -= 60
        await live.look()
        async with staff_browser(city, "operator") as (browser, _):
            for language, said in (("ja", "broker 127.0.0.1から"), ("en", "has not answered for")):
                page = (await browser.get(PAGE, params={"lang": language})).text
                assert said in page.split('id="live-findings"')[1].split("</section>")[0]


async def test_the_page_is_for_operators(small_city: City) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(PAGE)
        assert answer.status_code == 303 and "/staff/sign-in" in answer.headers["location"]
    async with staff_browser(small_city, "auditor") as (browser, _):
        assert (await browser.get(PAGE)).status_code == 403
        assert "event: over" in (await browser.get(EVENTS)).text


async def test_who_is_not_signed_in_is_told_so_once_and_does_not_come_back(
    small_city: City,
) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(EVENTS, params={"lang": "en"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: over\n") and "/staff/sign-in" in answer.text


async def test_a_stream_ends_with_its_session_and_does_not_keep_it_alive(small_city: City) -> None:
    async with staff_browser(small_city, "operator") as (browser, _):
        request = browser.build_request("GET", PAGE)
        scope = {"type": "http", "headers": [(b"cookie", request.headers["cookie"].encode())]}
        from fastapi import Request

        asked = Request(scope)
        assert await live_page.may_watch(asked, small_city.control)
        small_city.clock.advance(3_000)
        assert await live_page.may_watch(asked, small_city.control)
        small_city.clock.advance(700)
        assert not await live_page.may_watch(asked, small_city.control)


async def test_only_what_has_changed_is_sent_again(small_city: City) -> None:
    look = await live_of(small_city).look()
    write = changes("en")
    assert set(re.findall(rb"event: (\w+)", write(look))) == {part.encode() for part in PARTS}
    assert write(look) == b""


def test_an_event_has_each_line_in_a_field_of_its_own() -> None:
    assert event("x", "a\n\nb") == b"event: x\ndata: a\ndata: \ndata: b\n\n"
    assert event("x", "a\r\nevent: y") == b"event: x\ndata: a\ndata: event: y\n\n"


async def test_what_processes_say_is_text_in_the_page(tmp_path: Path) -> None:
    async with running(tmp_path, metrics_urls="a<b>=http://127.0.0.1:1") as city:
        live = live_of(city)
        await live.look()
        live.gatherer.instances["a<b>", "127.0.0.1"].heard -= 60
        look = await live.look()
    assert all("<b>" not in html for html in written(look, "en").values())


def test_a_finding_leads_to_where_something_can_be_done_if_the_console_has_it() -> None:
    apis = Link("/console/apis", "nav_apis")
    assert place("errors", [Link("/console", "nav_overview"), apis]) == apis
    assert place("errors", []) is None and place("outbox-age", [apis]) is None
    assert PLACES.keys() <= {rule.id for rule in RULES}


def test_no_language_lacks_a_text() -> None:
    assert CONSOLE_TEXTS["ja"].keys() == CONSOLE_TEXTS["en"].keys()
