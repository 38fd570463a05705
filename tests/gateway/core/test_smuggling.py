"""How requests arrive changes nothing; the cases themselves are in ``corpus``."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.bounds import Bounds
from tests.gateway.core.city import Raw, api, gateway, request, snapshot, token, until

HOST = b"Host: city.example\r\n"
GET = b"GET /open HTTP/1.1\r\n"

ENDLESS = {414: b"GET /" + b"a" * 9000, 431: GET + HOST + b"A: " + b"b" * 40_000}


@pytest.mark.parametrize("status", ENDLESS)
async def test_what_does_not_end_is_refused_when_it_is_too_long(status: int) -> None:
    async with gateway(None) as city:
        raw = await city.open()
        raw.writer.write(ENDLESS[status])
        assert (await raw.reply()).status == status
        assert await raw.ended()
        raw.writer.close()


STREAM = (
    request("/open?a=1")
    + request("/stops", "TOKEN", method="POST", body=b"hello" * 50)
    + b"POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n"
    + request("/nowhere")
    + request("/stops/near%20here", "TOKEN")
)
STATUSES = [200, 200, 200, 404, 200]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 2000), max_size=10))
async def test_how_requests_are_cut_into_packets_changes_nothing(cuts: list[int]) -> None:
    stream = STREAM.replace(b"TOKEN", token().encode())
    edges = [0, *sorted(cut % len(stream) for cut in cuts), len(stream)]
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        for begin, end in itertools.pairwise(edges):
            raw.writer.write(stream[begin:end])
            await raw.writer.drain()
        assert [(await raw.reply()).status for _ in STATUSES] == STATUSES
        raw.writer.close()
        assert [head.split(b" HTTP")[0] for head in behind.heads] == [
            b"GET /open?a=1", b"POST /stops", b"POST /open", b"GET /stops/near%20here",
        ]  # fmt: skip
        assert behind.bodies[1] == b"hello" * 50
        assert _content(behind.bodies[2]) == b"hello world"


def _content(wire: bytes) -> bytes:
    found = b""
    while wire:
        size, _, rest = wire.partition(b"\r\n")
        found += rest[: int(size, 16)]
        wire = rest[int(size, 16) + 2 :] if int(size, 16) else b""
    return found


async def test_one_empty_line_before_a_request_is_let_pass() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.ask(b"\r\n" + request("/open"))).status == 200


async def test_an_absolute_target_is_read_as_its_path() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        asked = b"GET http://city.example/open?x=1 HTTP/1.1\r\n" + HOST + b"\r\n"
        assert (await city.ask(asked)).status == 200
        assert behind.heads[0].startswith(b"GET /open?x=1 HTTP/1.1\r\n")


async def test_an_encoded_letter_does_not_hide_a_literal_segment() -> None:
    """``/%6fpen`` is ``/open`` to the server behind: it must be to the gateway."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.get("/%73tops")).status == 401
        assert (await city.get("/%6fpen")).status == 200


async def test_a_head_sent_byte_by_byte_is_a_head() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw: Raw = await city.open()
        for byte in request("/open"):
            raw.writer.write(bytes([byte]))
            await raw.writer.drain()
        assert (await raw.reply()).status == 200
        raw.writer.close()


async def test_content_of_a_refused_request_is_never_a_request() -> None:
    """Not even where it comes by itself, and its bytes were a request before."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        inner = request("/open")
        raw = await city.open()
        for _ in range(3):
            raw.writer.write(inner)
            assert (await raw.reply()).status == 200
        behind.heads.clear()
        length = f"Content-Length: {len(inner)}"
        raw.writer.write(request("/stops", "", length, method="POST"))
        assert (await raw.reply()).status == 401
        raw.writer.write(inner)
        (client,) = city.core._clients
        await until(lambda: not client._over)  # it was read by itself
        raw.writer.write(request("/nowhere"))
        assert (await raw.reply()).status == 404
        assert behind.heads == []


async def test_an_empty_line_alone_neither_counts_nor_keeps_a_connection_open() -> None:
    """Some clients send one after a body (RFC 9112 §2.2)."""
    bounds = Bounds(tick=0.02, head=0.1, keep_alive=0.1)
    async with api() as behind, gateway(snapshot(behind.port), bounds=bounds) as city:
        raw = await city.open()
        raw.writer.write(request("/open", method="POST", body=b"hi") + b"\r\n")
        assert (await raw.reply()).status == 200
        assert await raw.ended()
