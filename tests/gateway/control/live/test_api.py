"""The live picture by its API, over a whole control plane."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from gateway.control.live.watch import Live
from schemas import headers
from schemas.problem import Unavailable
from tests.gateway.control.city import City, running

OPERATOR = {headers.CLIENT: "city-console", headers.SCOPE: "operator:metrics"}


def live_of(city: City) -> Live:
    found: Live = city.app.state.live
    return found


async def test_the_picture_is_told_in_json(small_city: City) -> None:
    await live_of(small_city).look()
    answer = await small_city.http.get("/control/v1/live", headers=OPERATOR)
    body = answer.json()
    assert answer.status_code == 200
    assert body["judgement"] == "well" and body["findings"] == []
    assert [p["part"] for p in body["picture"]["processes"]] == ["control"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_process_that_cannot_be_reached_is_a_finding_in_both_languages(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, metrics_urls="broker=http://127.0.0.1:1") as city:
        await live_of(city).look()
        live_of(city).gatherer.instances["broker", "127.0.0.1"].heard -= 60
        await live_of(city).look()
        body = (await city.http.get("/control/v1/live", headers=OPERATOR)).json()
    found = next(each for each in body["findings"] if each["rule"] == "process-silent")
    assert found["judgement"] == body["judgement"] == "act"
    assert "broker 127.0.0.1" in found["message"]["en"]
    assert "broker 127.0.0.1" in found["message"]["ja"]


async def test_a_finding_keeps_the_moment_at_which_it_began(tmp_path: Path) -> None:
    async with running(tmp_path, metrics_urls="broker=http://127.0.0.1:1") as city:
        live = live_of(city)
        await live.look()
        live.gatherer.instances["broker", "127.0.0.1"].heard -= 60
        began = (await live.look()).noted[0].since
        city.clock.advance(100)
        assert (await live.look()).noted[0].since == began


async def test_the_stream_brings_each_look_and_ends_when_the_process_does(
    small_city: City,
) -> None:
    from gateway.control.live.api import _frame
    from gateway.control.live.stream import frames

    live = live_of(small_city)
    await live.look()
    stream = frames(live, _frame)
    assert (await anext(stream)).startswith(b"retry: ")
    first = await anext(stream)
    assert live.watchers == 1
    number = orjson.loads(first.split(b"data: ")[1])["number"]
    waiting = asyncio.ensure_future(anext(stream))
    await live.look()
    assert orjson.loads((await waiting).split(b"data: ")[1])["number"] > number
    await live.close()
    with pytest.raises(StopAsyncIteration):
        while True:
            await anext(stream)
    assert live.watchers == 0


async def test_only_so_many_may_watch(small_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.control.live import watch

    monkeypatch.setattr(watch, "MOST_WATCHERS", 0)
    with pytest.raises(Unavailable):
        live_of(small_city).admit()
    sse = {**OPERATOR, "accept": "text/event-stream"}
    answer = await small_city.http.get("/control/v1/live", headers=sse)
    assert answer.status_code == 503


async def test_the_rules_are_told_with_their_reasons(small_city: City) -> None:
    body = (await small_city.http.get("/control/v1/live/rules", headers=OPERATOR)).json()
    errors = next(rule for rule in body if rule["id"] == "errors")
    assert errors["watch"] == 0.01 and errors["reason"]
    assert next(rule for rule in body if rule["id"] == "emergency")["act"] is None


async def test_the_operation_needs_its_scope(small_city: City) -> None:
    routes = (await small_city.policy())["routes"]
    live = next(route for route in routes if route["id"] == "control.getLive")
    assert live["scopes"] == [["operator:metrics"]] and live["stream"]
