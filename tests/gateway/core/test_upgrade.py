"""WebSocket and the like: 101, then bytes both ways, for those routes that say so."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import orjson
import pytest

from gateway.core.bounds import Bounds
from tests.gateway.core.city import (
    Api,
    Gateway,
    Raw,
    always,
    api,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
    until,
)
from tests.gateway.core.loops import on_uvloop

ROUTES = [
    route("/live", access="open", upgrade="websocket"),
    route("/mine", upgrade="websocket"),
    route("/open", access="open"),
]
ASKED = ("Connection: keep-alive, Upgrade", "Upgrade: h2c, WebSocket", "Sec-WebSocket-Key: abc")
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: xyz\r\n\r\n"
)


async def echo(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
    """Switches, greets, and says everything back until it hears a full stop."""
    await read_request(api, reader)
    writer.write(SWITCHING + b"hello")
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
        if data.endswith(b"."):
            return


async def live(city: Gateway, path: str = "/live", bearer: str = "") -> Raw:
    """A connection that has been switched and has heard the greeting."""
    raw = await city.open()
    raw.writer.write(request(path, bearer, *ASKED))
    head = await raw.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"connection: upgrade\r\nupgrade: websocket\r\n" in head
    assert b"Sec-WebSocket-Accept: xyz" in head
    assert await raw.reader.readexactly(5) == b"hello"
    return raw


@on_uvloop
async def test_bytes_go_both_ways_until_the_api_closes() -> None:
    async with api(echo) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await live(city)
        assert behind.head("upgrade") == "websocket"  # and no h2c
        assert behind.head("sec-websocket-key") == "abc"
        assert city.core.as_json()["upgraded"] == 1
        for word in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\xff", b"last words."):
            raw.writer.write(word)
            assert await raw.reader.readexactly(len(word)) == word
        assert await raw.ended()
        await until(lambda: city.core.as_json()["upgraded"] == 0)
        assert city.core.under_way == 0
        counters = city.core.telemetry.counters
        assert (counters["upgrades"], counters["upgrade_bytes_out"]) == (1, 36)
        assert not any(upstream.busy for upstream in city.core._upstreams.values())


@on_uvloop
async def test_what_the_client_says_last_arrives() -> None:
    heard = 0
    go, ended = asyncio.Event(), asyncio.Event()

    async def listen(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal heard
        await read_request(api, reader)
        writer.write(SWITCHING + b"hello")
        await go.wait()
        while data := await reader.read(65_536):
            heard += len(data)
        ended.set()

    async with api(listen) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await live(city)
        (upstream,) = city.core._upstreams.values()
        (far,) = upstream.connections
        exchange = far.exchange
        assert exchange is not None
        sent = 0

        def taken() -> bool:
            return exchange.upload == sent

        while not far.transport.get_write_buffer_size():  # the API does not read
            raw.writer.write(b"x" * 16_384)
            sent += 16_384
            await until(taken)
        raw.writer.close()
        await until(lambda: not city.core._clients)
        go.set()
        async with asyncio.timeout(5):
            await ended.wait()
        assert heard == sent
        assert city.core.under_way == 0


@on_uvloop
async def test_what_was_sent_ahead_belongs_to_the_other_protocol() -> None:
    async with api(echo) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await city.open()
        raw.writer.write(request("/live", "", *ASKED) + request("/open"))
        await raw.reader.readuntil(b"\r\n\r\n")
        assert await raw.reader.readexactly(5) == b"hello"
        sent = request("/open")
        assert await raw.reader.readexactly(len(sent)) == sent
        assert len(behind.heads) == 1


@on_uvloop
async def test_tokens_are_checked_before() -> None:
    async with api(echo) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        assert (await city.get("/mine", "", *ASKED)).status == 401
        assert behind.heads == []
        await live(city, "/mine", token())
        assert behind.head("x-city-client") == "app"


@on_uvloop
async def test_an_api_may_decline() -> None:
    async with api() as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await city.open()
        raw.writer.write(request("/live", "", *ASKED) + request("/open"))
        assert [(await raw.reply()).body, (await raw.reply()).body] == [b"ok", b"ok"]


NOT_OFFERED = [
    ("/open", ASKED, "GET"),
    ("/live", ("Upgrade: websocket",), "GET"),
    ("/live", ("Connection: upgrade", "Upgrade: h2c"), "GET"),
    ("/live", ("Connection: upgrade, close", "Upgrade: websocket"), "GET"),
    ("/live", (*ASKED, "Transfer-Encoding: chunked"), "GET"),
    ("/live", ASKED, "HEAD"),
]


@pytest.mark.parametrize(("path", "fields", "method"), NOT_OFFERED)
@on_uvloop
async def test_nothing_is_offered_that_route_or_request_do_not_allow(
    path: str, fields: tuple[str, ...], method: str
) -> None:
    async with api() as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await city.open()
        end = b"0\r\n\r\n" if "Transfer-Encoding: chunked" in fields else b""
        raw.writer.write(request(path, "", *fields, method=method) + end)
        assert (await raw.reply(head_only=method == "HEAD")).status == 200
        assert behind.head("upgrade") is None


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/open", SWITCHING),
        ("/live", SWITCHING.replace(b"Upgrade: websocket", b"Upgrade: h2c")),
        ("/live", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        ("/live", SWITCHING.replace(b"Sec-", b"Upgrade: h2c\r\nSec-")),
    ],
)
@on_uvloop
async def test_an_api_that_switches_to_something_else_is_cut_off(path: str, answer: bytes) -> None:
    async with api(always(answer)) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        assert (await city.get(path, "", *ASKED)).status == 502
        await until(lambda: not behind.open)


@on_uvloop
async def test_silence_both_ways_ends_it() -> None:
    async with api(echo) as behind:
        await _silence(behind)


async def _silence(behind: Api) -> None:
    bounds = Bounds(tick=0.02, upgrade_idle=0.2)
    async with gateway(snapshot(behind.port, routes=ROUTES), bounds=bounds) as city:
        raw = await live(city)
        assert await raw.ended()
        await until(lambda: not behind.open)
        assert city.core.telemetry.counters["upgrades_idle"] == 1
        assert city.core.under_way == 0


@on_uvloop
async def test_each_side_is_read_no_faster_than_the_other_takes_it() -> None:
    said = 0

    async def talk(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal said
        await read_request(api, reader)
        writer.write(SWITCHING + b"hello")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            said += 65_536

    async with api(talk) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await live(city)
        before = -1
        while said != before:  # the client reads nothing: the API must come to a stop
            before = said
            await asyncio.sleep(0.2)
        assert said < 16_000_000
        got = 0
        while got < 32_000_000:  # and goes on when it does
            got += len(await raw.reader.read(1_000_000))
        assert said > before


@on_uvloop
async def test_a_client_that_is_gone_lets_the_api_go() -> None:
    async with api(echo) as behind, gateway(snapshot(behind.port, routes=ROUTES)) as city:
        raw = await live(city)
        raw.writer.transport.abort()
        await until(lambda: not behind.open)
        await until(lambda: city.core.under_way == 0)
        assert city.core.as_json()["upgraded"] == 0


@on_uvloop
async def test_a_policy_cannot_offer_what_is_not_known() -> None:
    async with gateway(None) as city:
        for changes in ({"upgrade": "h2c"}, {"upgrade": "websocket", "method": "POST"}):
            routes = [route("/live", access="open", **changes)]
            with pytest.raises(ValueError, match="upgrade"):
                city.core.apply(orjson.dumps(snapshot(1, routes=routes)))
