"""What is said between a request and its answer: 100, 103, and who waits for whom."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from gateway.core.bounds import Bounds
from tests.gateway.core.city import Api, always, api, gateway, read_request, request, snapshot

EXPECTING = request("/open", "", "Expect: 100-continue", "Content-Length: 4", method="POST")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BOUNDS = Bounds(tick=0.02, linger=0.5, continue_after=30)


async def careful(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
    """An API that looks at the head before it asks for the body."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        api.heads.append(head)
        if b"no-thanks" in head:
            writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        api.bodies.append(await reader.readexactly(4))
        writer.write(OK)


async def test_the_api_itself_says_whether_the_body_may_come() -> None:
    async with api(careful) as behind, gateway(snapshot(behind.port), bounds=BOUNDS) as city:
        raw = await city.open()
        raw.writer.write(EXPECTING)
        assert (await raw.reply()).status == 100
        assert behind.head("expect") == "100-continue"
        raw.writer.write(b"body")
        assert (await raw.reply()).status == 200  # and no second 100
        assert behind.bodies == [b"body"]


async def test_an_api_may_refuse_before_the_body() -> None:
    async with api(careful) as behind, gateway(snapshot(behind.port), bounds=BOUNDS) as city:
        raw = await city.open()
        raw.writer.write(EXPECTING.replace(b"/open", b"/open?no-thanks"))
        refused = await raw.reply()
        assert (refused.status, refused.fields["connection"]) == (403, "close")
        assert await raw.ended()


async def test_an_api_that_says_nothing_is_not_waited_for() -> None:
    bounds = Bounds(tick=0.02, linger=0.5, continue_after=0.05)
    async with api() as behind, gateway(snapshot(behind.port), bounds=bounds) as city:
        raw = await city.open()
        raw.writer.write(EXPECTING)
        assert (await raw.reply()).status == 100
        raw.writer.write(b"body")
        assert (await raw.reply()).status == 200
        assert behind.bodies == [b"body"]


async def test_continue_is_not_said_where_the_gateway_refuses() -> None:
    async with api(careful) as behind, gateway(snapshot(behind.port), bounds=BOUNDS) as city:
        raw = await city.open()
        raw.writer.write(EXPECTING.replace(b"/open", b"/stops"))
        refused = await raw.reply()
        assert (refused.status, refused.fields["connection"]) == (401, "close")
        assert behind.heads == []


async def test_continue_is_not_said_to_whom_did_not_ask() -> None:
    async with api(careful) as behind, gateway(snapshot(behind.port), bounds=BOUNDS) as city:
        assert (await city.ask(request("/open", method="POST", body=b"body"))).status == 200
        old = EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0") + b"body"
        assert (await city.ask(old)).status == 200
        assert behind.head("expect") is None
        assert behind.head("via") == "1.0 supercity"


async def test_via_names_the_version_that_the_request_came_in() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for version in ("1.1", "1.0"):
            await city.ask(request("/open").replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
            assert behind.head("via") == f"{version} supercity"


async def test_other_interim_answers_are_passed_on_however_many() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + hint * 2_000 + OK
    async with api(always(answer)) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        for _ in range(2_000):
            found = await raw.reply()
            assert (found.status, found.fields["link"]) == (103, "</a>")
        assert (await raw.reply()).body == b"ok"


async def test_an_interim_answer_in_pieces_is_one() -> None:
    async def slow(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        for byte in b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK:
            writer.write(bytes([byte]))
            await writer.drain()

    async with api(slow) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        assert [(await raw.reply()).status, (await raw.reply()).body] == [103, b"ok"]


async def test_trailers_are_asked_for_where_the_client_takes_them() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/open", "", "TE: trailers", "Connection: te")
        assert (behind.head("te"), behind.head("connection")) == ("trailers", "te")
        await city.get("/open", "", "TE: deflate", "Connection: te")
        assert behind.head("te") is None
        await city.get("/open", "", "TE: trailers")  # RFC 9110 §10.1.4: only with the option
        assert behind.head("te") is None
