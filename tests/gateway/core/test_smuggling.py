"""Requests that two servers could read in two ways never get through, nor what follows them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.core.city import Raw, api, gateway, request, snapshot, token

HOST = b"Host: city.example\r\n"
GET = b"GET /open HTTP/1.1\r\n"
POST = b"POST /open HTTP/1.1\r\n" + HOST
NEXT = b"GET /stops HTTP/1.1\r\nHost: city.example\r\nX-Smuggled: yes\r\n\r\n"

REFUSED: dict[str, tuple[bytes, int]] = {
    # which body is it?
    "TE and CL": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "CL and TE": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "one length twice": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400),
    "length list": (POST + b"Content-Length: 2, 2\r\n\r\nab", 400),
    "length +": (POST + b"Content-Length: +2\r\n\r\nab", 400),
    "length -": (POST + b"Content-Length: -2\r\n\r\nab", 400),
    "length hex": (POST + b"Content-Length: 0x2\r\n\r\nab", 400),
    "length space": (POST + b"Content-Length: 1 2\r\n\r\nab", 400),
    "length empty": (POST + b"Content-Length:\r\n\r\n", 400),
    "length huge": (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "length underscore": (POST + b"Content-Length: 1_0\r\n\r\n", 400),
    "length arabic": (POST + b"Content-Length: \xd9\xa2\r\n\r\n", 400),
    "TE twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "TE list": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "TE identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "TE quoted": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    "TE xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "TE vertical tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "TE space colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "TE in 1.0": (b"POST /open HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "TE underscore": (POST + b"Transfer_Encoding: chunked\r\n\r\n", 400),
    # where does a line end?
    "bare LF": (b"GET /open HTTP/1.1\nHost: city.example\n\n", 400),
    "bare LF in head": (GET + HOST + b"A: b\nC: d\r\n\r\n", 400),
    "bare CR in head": (GET + HOST + b"A: b\rC: d\r\n\r\n", 400),
    "bare CR at end": (GET + HOST + b"A: b\r\r\n\r\n", 400),
    "folded": (GET + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "folded tab": (GET + HOST + b"A: b\r\n\tc\r\n\r\n", 400),
    "folded first": (GET + b" A: b\r\n" + HOST + b"\r\n", 400),
    "NUL": (GET + HOST + b"A: b\x00c\r\n\r\n", 400),
    "DEL": (GET + HOST + b"A: b\x7fc\r\n\r\n", 400),
    "NUL in path": (b"GET /op\x00en HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    # what is a field?
    "no colon": (GET + HOST + b"Nothing\r\n\r\n", 400),
    "empty name": (GET + HOST + b": x\r\n\r\n", 400),
    "space in name": (GET + HOST + b"A b: c\r\n\r\n", 400),
    "space before colon": (GET + HOST + b"Accept : c\r\n\r\n", 400),
    "underscore": (GET + HOST + b"X_City_Subject: someone\r\n\r\n", 400),
    "name not ASCII": (GET + HOST + b"X-\xc3\xa9: c\r\n\r\n", 400),
    # which host?
    "no host": (GET + b"\r\n", 400),
    "two hosts": (GET + HOST + b"Host: other\r\n\r\n", 400),
    "host list": (GET + b"Host: a, b\r\n\r\n", 400),
    "host path": (GET + b"Host: a/b\r\n\r\n", 400),
    "host user": (GET + b"Host: u@a\r\n\r\n", 400),
    "host space": (GET + b"Host: a b\r\n\r\n", 400),
    "host empty": (GET + b"Host:\r\n\r\n", 400),
    "host port": (GET + b"Host: a:b\r\n\r\n", 400),
    "host quote": (GET + b'Host: a"b\r\n\r\n', 400),
    "other authority": (b"GET http://evil.example/open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    # which path?
    "encoded slash": (b"GET /stops%2fa HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded backslash": (b"GET /stops/%5ca HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded NUL": (b"GET /stops/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "dots": (b"GET /stops/../open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "dot": (b"GET /./open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "encoded dots": (b"GET /stops/%2e%2E/open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "half encoded dots": (b"GET /stops/.%2e/open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "backslash": (b"GET /stops\\open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "double slash": (b"GET //open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "semicolon": (b"GET /stops/a;b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "bad escape": (b"GET /stops/%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "cut escape": (b"GET /stops/%4 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment": (b"GET /open#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment in query": (b"GET /open?a#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "not ASCII": (b"GET /\xe3\x81\x82 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "authority form": (b"CONNECT city.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no slash": (b"GET open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "other scheme": (b"GET file:///etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    # which protocol?
    "HTTP/0.9": (b"GET /open\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": (b"GET /open HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    "lower version": (b"GET /open http/1.1\r\n" + HOST + b"\r\n", 400),
    "long version": (b"GET /open HTTP/1.10\r\n" + HOST + b"\r\n", 400),
    "two spaces": (b"GET  /open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "tab": (b"GET\t/open\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "leading space": (b" GET /open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "trailing space": (b"GET /open HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    "lower method": (b"get /open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "odd method": (b"G(T /open HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "three empty lines": (b"\r\n\r\n\r\n" + GET + HOST + b"\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\n\r\n\r\n", 400),
    # how much?
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "many fields": (GET + HOST + b"A: b\r\n" * 101 + b"\r\n", 431),
    "long field": (GET + HOST + b"A: " + b"b" * 40_000 + b"\r\n\r\n", 431),
    # who is it?
    "two authorizations": (GET + HOST + b"Authorization: a\r\nAuthorization: b\r\n\r\n", 400),
    "other expectation": (POST + b"Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_and_nothing_after_it_is_read(name: str) -> None:
    sent, status = REFUSED[name]
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(sent + NEXT)
        reply = await raw.reply()
        assert reply.status == status
        assert reply.fields["connection"] == "close"
        assert reply.problem["detail"]
        assert await raw.ended()
        assert behind.heads == []
        raw.writer.close()


ENDLESS = {414: b"GET /" + b"a" * 9000, 431: GET + HOST + b"A: " + b"b" * 40_000}


@pytest.mark.parametrize("status", ENDLESS)
async def test_what_does_not_end_is_refused_when_it_is_too_long(status: int) -> None:
    async with gateway(None) as city:
        raw = await city.open()
        raw.writer.write(ENDLESS[status])
        assert (await raw.reply()).status == status
        assert await raw.ended()
        raw.writer.close()


BAD_BODIES = [
    b"zz\r\n",
    b"5\r\nhelloXX",
    b"5;\r\nhello\r\n",
    b"1\na\n0\n\n",
    b"0\r\nbad trailer\r\n",
]


@pytest.mark.parametrize("body", BAD_BODIES)
async def test_a_body_that_cannot_be_read_ends_the_connection(body: bytes) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body + NEXT)
        assert (await raw.reply()).status == 400
        assert await raw.ended()
        assert not any(b"smuggled" in head.lower() for head in behind.heads)
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
