"""APIs that are down, slow, broken, or just closing their connection."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter

import pytest

from gateway.core.bounds import Bounds
from tests.gateway.core.city import (
    OK,
    Api,
    Handler,
    always,
    api,
    gateway,
    read_request,
    request,
    snapshot,
    until,
    upstream,
)

QUICK = Bounds(tick=0.01, linger=0.3)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def once(answer: bytes, then_close: bool = True) -> Handler:
    """Answers one request on each connection."""

    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(answer)
        if not then_close:
            await reader.read()

    return handle


async def silent(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
    await read_request(api, reader)
    await reader.read()


async def test_an_api_that_is_down_is_502_until_it_is_up() -> None:
    port = free_port()
    async with gateway(snapshot(port), bounds=QUICK) as city:
        reply = await city.get("/open")
        assert reply.status == 502
        assert reply.problem["type"].endswith(":upstream-unreachable")
        async with api(port=port):
            assert (await city.get("/open")).status == 200


async def test_with_one_address_down_the_other_answers() -> None:
    async with api() as behind, gateway(snapshot(free_port(), behind.port)) as city:
        for _ in range(4):
            assert (await city.ask(request("/open", method="POST", body=b"x"))).status == 200


async def test_an_api_that_is_slow_is_504_and_its_connection_is_not_used_again() -> None:
    slow = upstream(response_timeout_ms=100)
    async with api(silent) as behind:
        slow["addresses"] = [f"127.0.0.1:{behind.port}"]
        async with gateway(snapshot(upstreams={"main": slow}), bounds=QUICK) as city:
            raw = await city.open()
            raw.writer.write(request("/open"))
            reply = await raw.reply()
            assert reply.status == 504
            assert reply.problem["type"].endswith(":upstream-timeout")
            await until(lambda: behind.open == 0)
            raw.writer.write(request("/nowhere"))
            assert (await raw.reply()).status == 404, "the client's connection goes on"


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 999 X\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nBad name: x\r\n\r\n", b"HTTP/1.1 200 OK\nA: b\n\n",
        b"HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000,
    ],
)  # fmt: skip
async def test_an_answer_that_cannot_be_read_is_502(answer: bytes) -> None:
    async with api(once(answer)) as behind, gateway(snapshot(behind.port), bounds=QUICK) as city:
        for _ in range(2):
            reply = await city.get("/open")
            assert reply.status == 502
            assert reply.problem["type"].endswith(":upstream-broken")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
async def test_an_answer_cut_short_is_never_passed_on_as_whole(answer: bytes) -> None:
    async with api(once(answer)) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open") * 2)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await raw.reply()
            await raw.reply()
        assert b"\r\n0\r\n" not in await _rest(raw.reader)


async def _rest(reader: StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_connections_are_kept_and_used_again() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(20):
            assert (await city.get("/open")).status == 200
        assert behind.connections == 1


async def test_a_connection_that_closes_as_it_is_used_again_costs_no_read() -> None:
    """The race of every pool: the API closes a resting connection as the next request is sent."""

    async def one_then_drop(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(OK)
        await reader.readexactly(1)  # the next request has come: now close, unanswered
        writer.transport.abort()

    async with api(one_then_drop) as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(6):
            assert (await city.get("/open")).status == 200
        posted = await city.ask(request("/open", method="POST", body=b"pay"))
        assert posted.status == 502, "what has a body is never sent a second time"
        assert len(behind.bodies) == len(behind.heads) == 6


async def test_a_payment_goes_out_on_a_connection_that_is_surely_open() -> None:
    stale = Bounds(tick=0.01, upstream_fresh=-1.0)
    async with api() as behind, gateway(snapshot(behind.port), bounds=stale) as city:
        await city.get("/open")
        await city.get("/open")
        assert behind.connections == 1
        await city.ask(request("/open", method="POST", body=b"pay"))
        assert behind.connections == 2


async def test_resting_connections_are_closed_before_the_api_does() -> None:
    brief = Bounds(tick=0.01, upstream_rest=0.05)
    async with api() as behind, gateway(snapshot(behind.port), bounds=brief) as city:
        await city.get("/open")
        assert behind.open == 1
        await until(lambda: behind.open == 0)


async def test_bytes_that_nobody_asked_for_reach_nobody() -> None:
    """An answer too many, on a resting connection, must not become the next client's."""
    two = always(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
    async with api(two) as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(4):
            assert (await city.get("/open")).body == b"ok"
        assert behind.connections == 4


async def test_more_requests_than_connections_wait_their_turn() -> None:
    async with api() as behind:
        narrow = upstream(behind.port, max_connections=2)
        async with gateway(snapshot(upstreams={"main": narrow})) as city:
            replies = await asyncio.gather(*(city.get("/open") for _ in range(4)))
            assert [reply.status for reply in replies] == [200] * 4
            assert behind.connections <= 2


async def test_who_waits_too_long_is_told_that_it_is_busy() -> None:
    async with api(silent) as behind:
        narrow = upstream(behind.port, max_connections=1, connect_timeout_ms=100)
        async with gateway(snapshot(upstreams={"main": narrow}), bounds=QUICK) as city:
            first = await city.open()
            first.writer.write(request("/open"))
            await until(lambda: behind.heads)
            busy = await asyncio.gather(*(city.get("/open") for _ in range(3)))
            assert {reply.status for reply in busy} == {503}
            assert all(reply.problem["type"].endswith(":upstream-busy") for reply in busy)


async def test_an_answer_before_the_end_of_the_request_is_passed_on_and_ends_it() -> None:
    async def refuses(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 422 No\r\ncontent-length: 4\r\n\r\nsoon")
        await reader.read()

    async with api(refuses) as behind, gateway(snapshot(behind.port), bounds=QUICK) as city:
        raw = await city.open()
        raw.writer.write(request("/open", "", "Content-Length: 1000", method="POST") + b"begin")
        reply = await raw.reply()
        assert (reply.status, reply.body, reply.fields["connection"]) == (422, b"soon", "close")
        assert await raw.ended()
        await until(lambda: behind.open == 0)


async def test_a_client_that_leaves_frees_the_api() -> None:
    async with api(silent) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        await until(lambda: behind.heads)
        raw.writer.transport.abort()
        await until(lambda: behind.open == 0)
        await until(lambda: city.core.under_way == 0)
