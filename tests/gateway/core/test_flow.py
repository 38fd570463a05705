"""Streams: first bytes at once, memory flat however slow the other side is, time bounded."""

from __future__ import annotations

import asyncio
import tracemalloc
from asyncio import StreamReader, StreamWriter

from gateway.core.bounds import Bounds
from tests.gateway.core.city import (
    Api,
    api,
    gateway,
    read_request,
    request,
    snapshot,
    until,
    upstream,
)

BLOCK = b"x" * 65_536
BLOCKS = 1_600
"""About 100 MB: more than any buffer on the way."""


async def test_a_streams_first_event_is_there_at_once_and_silence_does_not_end_it() -> None:
    more = asyncio.Event()

    async def events(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await more.wait()
        writer.write(b"data: 2\n\n")
        await reader.read()

    async with api(events) as behind:
        brief = upstream(behind.port, idle_timeout_ms=50)
        policy = snapshot(upstreams={"main": brief})
        async with gateway(policy, bounds=Bounds(tick=0.01)) as city:
            raw = await city.open()
            raw.writer.write(request("/events"))
            await raw.reader.readuntil(b"\r\n\r\n")
            assert await raw.reader.readexactly(14) == b"9\r\ndata: 1\n\n\r\n"
            await asyncio.sleep(0.2)  # longer than the idle timeout of other routes
            more.set()
            assert await raw.reader.readexactly(14) == b"9\r\ndata: 2\n\n\r\n"
            raw.writer.close()
            await until(lambda: behind.open == 0)


async def test_silence_within_an_ordinary_answer_ends_it() -> None:
    async def stuck(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await reader.read()

    async with api(stuck) as behind:
        policy = snapshot(upstreams={"main": upstream(behind.port, idle_timeout_ms=100)})
        async with gateway(policy, bounds=Bounds(tick=0.01)) as city:
            raw = await city.open()
            raw.writer.write(request("/open"))
            await raw.reader.readuntil(b"half")
            assert await raw.ended()
            await until(lambda: behind.open == 0)


async def test_a_slow_reader_costs_no_memory() -> None:
    written = 0

    async def plenty(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal written
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(BLOCK) * BLOCKS))
        for _ in range(BLOCKS):
            writer.write(BLOCK)
            await writer.drain()
            written += 1

    async with api(plenty) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        await raw.reader.readuntil(b"\r\n\r\n")
        tracemalloc.start()
        await _standstill(lambda: written)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert written < BLOCKS, "the API was held back"
        assert held < 8_000_000
        size = 0
        while size < len(BLOCK) * BLOCKS:
            size += len(await asyncio.wait_for(raw.reader.read(1_000_000), 10))
        assert size == len(BLOCK) * BLOCKS


async def test_a_slow_api_holds_back_the_upload() -> None:
    go = asyncio.Event()
    received = 0

    async def reads_late(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal received
        await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        while received < len(BLOCK) * BLOCKS:
            received += len(await reader.read(1_000_000))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    policy = snapshot()
    async with api(reads_late) as behind:
        policy["upstreams"]["main"] = upstream(behind.port)
        policy["routes"][1] = {**policy["routes"][1], "max_body_bytes": 10**9}
        async with gateway(policy) as city:
            raw = await city.open()
            size = len(BLOCK) * BLOCKS
            raw.writer.write(request("/open", "", f"Content-Length: {size}", method="POST"))
            sent = 0

            async def upload() -> None:
                nonlocal sent
                for _ in range(BLOCKS):
                    raw.writer.write(BLOCK)
                    await raw.writer.drain()
                    sent += 1

            uploading = asyncio.create_task(upload())
            await _standstill(lambda: sent)
            assert sent < BLOCKS, "the client was held back"
            go.set()
            await uploading
            assert (await raw.reply()).status == 200
            assert received == size


async def _standstill(count: object) -> None:
    """Wait until a count has begun and stopped growing."""
    last, same = -1, 0
    for _ in range(1_000):
        await asyncio.sleep(0.01)
        now = count()  # type: ignore[operator]
        same = same + 1 if now == last and now > 0 else 0
        last = now
        if same == 20:
            return
    raise AssertionError("it goes on and on")


BRIEF = Bounds(
    head=0.15, body=0.15, body_rate=1e9, keep_alive=0.15, stall=0.15, linger=0.1, tick=0.01
)  # fmt: skip


async def test_a_slow_head_is_408_however_it_trickles() -> None:
    async with gateway(snapshot(9), bounds=BRIEF) as city:
        raw = await city.open()

        async def trickle() -> None:
            for byte in request("/open", "", "X: " + "y" * 200):
                raw.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)

        trickling = asyncio.create_task(trickle())
        assert (await raw.reply()).status == 408
        assert await raw.ended()
        trickling.cancel()


async def test_a_slow_body_is_408_and_the_api_is_let_go() -> None:
    async with api() as behind, gateway(snapshot(behind.port), bounds=BRIEF) as city:
        raw = await city.open()
        raw.writer.write(request("/open", "", "Content-Length: 9", method="POST") + b"begin")
        assert (await raw.reply()).status == 408
        assert await raw.ended()
        await until(lambda: behind.open == 0)


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with api() as behind, gateway(snapshot(behind.port), bounds=BRIEF) as city:
        assert await (await city.open()).ended()
        raw = await city.open()
        raw.writer.write(request("/open"))
        assert (await raw.reply()).status == 200
        assert await raw.ended()


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    async def plenty(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            writer.write(BLOCK)
            await writer.drain()

    async with api(plenty) as behind, gateway(snapshot(behind.port), bounds=BRIEF) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        await until(lambda: behind.open == 1)
        await until(lambda: behind.open == 0)
        assert city.core.under_way == 0


async def test_a_client_that_asks_and_asks_but_reads_nothing_is_held_back() -> None:
    content = b"y" * 100_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(content), content)

    async def big(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            writer.write(answer)
            await writer.drain()

    async with api(big) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open") * 2_000)
        await _standstill(lambda: len(behind.heads))
        assert len(behind.heads) < 200
        for _ in range(2_000):
            assert len((await raw.reply()).body) == len(content)


async def test_connections_beyond_the_bound_are_told_so() -> None:
    narrow = Bounds(connections=2)
    async with api() as behind, gateway(snapshot(behind.port), bounds=narrow) as city:
        kept = [await city.open() for _ in range(2)]
        for raw in kept:
            raw.writer.write(request("/open"))
            assert (await raw.reply()).status == 200
        third = await city.open()
        reply = await third.reply()
        assert (reply.status, reply.fields["retry-after"]) == (503, "1")
        assert await third.ended()
        kept[0].writer.write(request("/open"))
        assert (await kept[0].reply()).status == 200
