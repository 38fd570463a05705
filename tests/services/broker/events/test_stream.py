from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message

from schemas.cloudevents import CloudEvent
from schemas.kit import relay
from services.broker.events.binding import Delivery, as_delivery, as_message, as_record
from services.broker.events.fanout import Fanout, Stream
from services.broker.events.stream import EventStream, StreamResponse
from services.broker.log import Position, Stored, Topic, kafka_reader, open_log
from services.broker.metrics import Metrics
from tests.services.broker.domain import OTHER, THING, thing
from tests.services.broker.running import listening, party, publish, running, until


async def test_an_event_is_on_the_stream_at_once(
    sqlite_url: str, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is called for all the way, on both logs: were it waited for, ten would take minutes."""
    monkeypatch.setattr(relay, "_LOOK_AGAIN", 60.0)
    monkeypatch.setattr(kafka_reader, "_FOLLOWING_SECONDS", 8.0)
    async with (
        running(sqlite_url, log_url) as url,
        party(url) as api,
        listening(api, THING) as stream,
    ):
        async with asyncio.timeout(30):
            for number in range(10):
                await publish(api, thing(number))
                await stream.until(number + 1)


async def test_a_stream_resumes_behind_any_event(sqlite_url: str, log_url: str) -> None:
    async with running(sqlite_url, log_url) as url, party(url) as api:
        async with listening(api, THING) as first:
            await publish(api, *(thing(n) for n in range(10)))
            await first.until(10)
        await publish(api, *(thing(n) for n in range(10, 15)))
        for index in (0, 4, 9):
            async with listening(api, THING, first.ids[index]) as again:
                await again.until(14 - index)
                await publish(api, thing(99))
                await again.until(15 - index)
            expected = [*range(index + 1, 15)]
            assert [n for n in again.numbers if n != 99] == expected


async def test_a_stream_resumes_at_another_broker(sqlite_url: str, embedded_url: str) -> None:
    async with running(sqlite_url, embedded_url) as url, party(url) as api:
        async with listening(api, THING) as first:
            await publish(api, thing(1))
            await first.until(1)
        await publish(api, thing(2))
    async with running(sqlite_url, embedded_url) as url, party(url) as api:
        async with listening(api, THING, first.ids[0]) as second:
            await second.until(1)
        # once more, if the broker was stopped between saying it and noting that it was said
        assert set(second.numbers) == {2}


async def test_resuming_while_events_keep_coming_misses_none(url: str) -> None:
    async with party(url) as api:
        async with listening(api, THING) as first:
            await publish(api, thing(0))
            await first.until(1)

        async def keep_publishing() -> None:
            for number in range(1, 101):
                await publish(api, thing(number))

        publishing = asyncio.create_task(keep_publishing())
        await until(lambda: not publishing.done())
        for _ in range(5):
            async with listening(api, THING, first.ids[0]) as again:
                await again.until(10)
                numbers = list(again.numbers)
            assert list(dict.fromkeys(numbers)) == [*range(1, max(numbers) + 1)]
        await publishing


async def test_only_the_types_that_are_wanted_come(api: httpx.AsyncClient) -> None:
    async with listening(api, "city.test.other.*") as stream:
        await publish(api, thing(1), thing(2, type=OTHER))
        await stream.until(1)
    assert stream.numbers == [2]


@pytest.mark.parametrize(
    "types", ["city.nothing.*", "city.test.thing.mooved", "*.*.*.*", "CITY.*", "city.test.*,x y"]
)
async def test_a_choice_that_means_nothing_is_refused(api: httpx.AsyncClient, types: str) -> None:
    answer = await api.get("/events/v1/stream", params={"types": types})
    assert answer.status_code == 422


async def test_an_id_that_no_stream_gave_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get("/events/v1/stream", headers={"last-event-id": "yesterday"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "header last-event-id"


async def test_the_first_bytes_come_before_any_event(api: httpx.AsyncClient) -> None:
    async with api.stream("GET", "/events/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = await asyncio.wait_for(anext(answer.aiter_bytes()), 5)
    assert first.startswith(b":")


def delivery(number: int, size: int = 1) -> Stored:
    event = CloudEvent.model_validate(thing(number, data={"thing": "x" * size, "number": number}))
    return Stored(as_record(as_message(event)), "log", number)


def offered(stream: Stream, *numbers: int, size: int = 1) -> None:
    for number in numbers:
        made = as_delivery(delivery(number, size), Position({"log": number + 1}))
        assert made
        stream.offer(made)


async def test_a_reader_that_is_too_slow_is_cut_and_holds_nothing() -> None:
    stream = Stream(lambda one: one, most_events=3)
    offered(stream, 1, 2, 3)
    assert len(await stream.take(0.1)) == 3
    offered(stream, 1, 2, 3, 4)
    assert stream.ended == "too slow"
    assert await stream.take(0.1) == []


async def test_a_reader_that_keeps_too_many_bytes_is_cut() -> None:
    stream = Stream(lambda one: one, most_bytes=10_000)
    offered(stream, 1, size=20_000)
    assert stream.ended == "too slow"


async def test_a_slow_reader_is_cut_while_others_go_on(embedded_url: str) -> None:
    log = open_log(embedded_url)
    metrics = Metrics()
    fanout = Fanout(log, [Topic("city.test.thing")], metrics)
    fanout.start()
    await asyncio.wait_for(fanout.following.wait(), 5)
    slow, quick = Stream(lambda one: one, most_events=5), Stream(lambda one: one)
    fanout.join(slow)
    fanout.join(quick)
    await log.publish([delivery(n).record for n in range(10)])
    got: list[Delivery] = []
    while len(got) < 10:
        got += await asyncio.wait_for(quick.take(5), 10)
    assert slow.ended == "too slow"
    assert metrics.cut._value.get() == 1
    assert fanout.open_streams == 1
    await fanout.stop()
    await log.close()


async def test_a_quiet_stream_shows_that_it_lives(embedded_url: str) -> None:
    log = open_log(embedded_url)
    fanout = Fanout(log, [Topic("city.test.thing")], Metrics())
    fanout.start()
    await asyncio.wait_for(fanout.following.wait(), 5)
    stream = EventStream(log, fanout, ("city.test.thing",), Stream(lambda one: one))
    frames = stream.frames(None, heartbeat=0.01)
    opening, heartbeat = await anext(frames), await asyncio.wait_for(anext(frames), 5)
    assert opening.startswith(b":")
    assert heartbeat.startswith(b":")
    await fanout.stop()
    last = [frame async for frame in frames][-1]
    assert b"the stream ends" in last
    await log.close()


async def test_a_reader_who_takes_nothing_is_let_go() -> None:
    async def frames() -> AsyncIterator[bytes]:
        while True:
            yield b": still here\n\n"

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # a socket that is full, and stays so

    await asyncio.wait_for(StreamResponse(frames(), patience=0.05).stream_response(send), 5)


async def test_a_burst_is_no_slow_reader(sqlite_url: str, embedded_url: str) -> None:
    """More than a stream may hold, on the log all at once: a reader who reads gets it all."""
    async with (
        running(sqlite_url, embedded_url) as url,
        party(url) as api,
        listening(api, THING) as stream,
    ):
        log = open_log(embedded_url)
        await log.publish([delivery(n).record for n in range(5000)])
        await log.close()
        await stream.until(5000)
    assert stream.numbers == [*range(5000)]


async def test_a_stream_ends_with_its_token(sqlite_url: str, embedded_url: str) -> None:
    """Also one that is quiet: nothing is handed out on the strength of a token that has ended."""
    ends = int(time.time()) + 2
    async with running(sqlite_url, embedded_url) as url, party(url) as api:
        api.headers["x-city-expires"] = str(ends)
        async with api.stream("GET", "/events/v1/stream") as answer:
            lines = [line async for line in answer.aiter_lines()]
    assert time.time() >= ends
    assert any("the stream ends: its token has ended" in line for line in lines)


async def test_what_was_missed_is_not_handed_out_after_the_token(embedded_url: str) -> None:
    log = open_log(embedded_url)
    fanout = Fanout(log, [Topic("city.test.thing")], Metrics())
    await log.publish([delivery(n).record for n in range(10)])
    live = Stream(lambda one: one)
    stream = EventStream(log, fanout, ("city.test.thing",), live, until=100.0, clock=lambda: 100.0)
    frames = [frame async for frame in stream.frames(Position())]
    assert not any(b"data:" in frame for frame in frames)
    await log.close()
