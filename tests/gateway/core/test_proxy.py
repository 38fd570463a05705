"""What goes through the gateway, either way, is what HTTP says a proxy passes on."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import pytest

from tests.gateway.core.city import (
    Api,
    always,
    api,
    gateway,
    read_request,
    request,
    snapshot,
    token,
    upstream,
)


async def test_the_answer_comes_back_as_the_api_gave_it() -> None:
    answer = (
        b"HTTP/1.1 201 Made\r\nContent-Type: text/plain\r\nETag: \"a\"\r\nServer: secret/1.0\r\n"
        b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-City-Subject: leak\r\nKeep-Alive: timeout=5\r\n"
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nContent-Length: 4\r\n\r\nbody"
    )  # fmt: skip
    async with api(always(answer)) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        reply = await raw.reply()
        raw.writer.close()
    assert (reply.status, reply.body) == (201, b"body")
    assert reply.fields["etag"] == '"a"'
    assert reply.fields["date"].endswith("GMT")
    for name in ("server", "x-city-subject", "keep-alive", "x-hop", "connection"):
        assert name not in reply.fields


async def test_what_a_client_says_of_itself_is_not_believed() -> None:
    spoofed = (
        "X-City-Client: root", "x-cItY-subject: someone", "X-City-Gateway-Key: guess",
        "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: evil", "Forwarded: for=10.0.0.1",
        "X-Real-IP: 10.0.0.1", "Via: 1.0 me", "X-HTTP-Method-Override: DELETE",
        "X-Original-URL: /admin",
    )  # fmt: skip
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/stops", token(), *spoofed)
    assert behind.head("x-city-client") == "app"
    assert behind.head("x-city-subject") is None
    assert behind.head("x-city-gateway-key") == "gateway-key-of-the-tests"
    assert behind.head("x-forwarded-for") == "127.0.0.1"
    assert behind.head("x-forwarded-host") == "city.example"
    assert behind.head("x-forwarded-proto") == "https"
    assert behind.head("forwarded") == 'for=127.0.0.1;host="city.example";proto=https'
    assert behind.head("via") == "1.1 supercity"
    assert b"10.0.0.1" not in behind.heads[-1]
    assert b"override" not in behind.heads[-1].lower()
    assert b"original-url" not in behind.heads[-1].lower()


async def test_fields_of_the_connection_end_at_the_gateway() -> None:
    fields = (
        "Connection: keep-alive, X-Private, close", "X-Private: 1", "Keep-Alive: 5", "TE: trailers",
        "Upgrade: h2c", "HTTP2-Settings: x", "Proxy-Authorization: x", "X-Public: 2",
    )  # fmt: skip
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        reply = await city.get("/open", "", *fields)
    assert reply.fields["connection"] == "close"
    names = {line.split(b":")[0].lower() for line in behind.heads[0].split(b"\r\n")[1:]}
    assert b"x-public" in names
    assert names.isdisjoint(
        {b"connection", b"x-private", b"keep-alive", b"te", b"upgrade", b"http2-settings",
         b"proxy-authorization"}
    )  # fmt: skip


async def test_credentials_go_only_to_whom_they_are_meant_for() -> None:
    basic = ("Authorization: Basic Yjpj", "Cookie: session=1")
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/open", "", *basic)
        assert behind.head("authorization") == "Basic Yjpj"
        assert behind.head("cookie") == "session=1"
        await city.get("/stops", token(), "Cookie: session=1")
        assert behind.head("authorization") is None
        assert behind.head("cookie") is None
    foreign = upstream(behind.port, internal=False)
    policy = snapshot(upstreams={"main": foreign})
    async with api(port=behind.port) as behind, gateway(policy) as city:
        await city.get("/open", token(), "Cookie: session=1")
        assert behind.head("authorization") is None
        assert behind.head("cookie") is None
        assert behind.head("x-city-gateway-key") is None
        assert behind.head("host") == f"127.0.0.1:{behind.port}"
        await city.get("/open", "", *basic)
        assert behind.head("authorization") == "Basic Yjpj"


async def test_the_request_id_is_the_clients_or_a_new_one_and_always_echoed() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        mine = await city.get("/open", "", "X-Request-Id: my-request.1")
        assert mine.fields["x-request-id"] == "my-request.1" == behind.head("x-request-id")
        made = await city.get("/open", "", 'X-Request-Id: a"b\\c<script>')
        assert len(made.fields["x-request-id"]) == 32
        assert made.fields["x-request-id"] == behind.head("x-request-id")
        refused = await city.get("/nowhere", "", "X-Request-Id: my-request.2")
        assert refused.fields["x-request-id"] == "my-request.2"


async def test_a_trace_is_continued_or_begun() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/open", "", f"traceparent: {parent}", "tracestate: a=1", "tracestate: b=2")
        assert behind.head("traceparent") == parent
        assert behind.head("tracestate") == "a=1,b=2"
        await city.get("/open", "", f"traceparent: {parent}x", "tracestate: a=1")
        made = behind.head("traceparent")
        assert made is not None
        assert made != parent
        assert [len(part) for part in made.split("-")] == [2, 32, 16, 2]
        assert behind.head("tracestate") is None


async def test_head_is_asked_as_get_and_answered_without_content() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open", method="HEAD") + request("/open"))
        reply = await raw.reply(head_only=True)
        assert reply.fields["content-length"] == "2"
        assert (await raw.reply()).body == b"ok"
        raw.writer.close()
        assert behind.heads[0].startswith(b"GET /open ")
        refused = await city.get("/nowhere", method="HEAD")
        assert refused.status == 404


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def slow_first(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            head = await read_request(api, reader)
            name = head.split(b" ")[1]
            if name == b"/stops/0":
                await asyncio.sleep(0.05)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(name), name))

    good = token()
    async with api(slow_first) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        for number in range(200):
            raw.writer.write(request(f"/stops/{number}", good))
            raw.writer.write(request("/nowhere"))
        for number in range(200):
            assert (await raw.reply()).body == f"/stops/{number}".encode()
            assert (await raw.reply()).status == 404
        raw.writer.close()


async def test_many_refusals_in_one_packet_are_all_answered() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/nowhere") * 500)
        for _ in range(500):
            assert (await raw.reply()).status == 404
        raw.writer.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_arrives_whole(chunked: bool) -> None:
    content = bytes(range(256)) * 2_000
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        if not chunked:
            sent = request("/open", method="POST", body=content)
        else:
            sent = request("/open", "", "Transfer-Encoding: chunked", method="POST")
            for at in range(0, len(content), 1000):
                sent += b"3e8\r\n" + content[at : at + 1000] + b"\r\n"
            sent += b"0\r\n\r\n"
        assert (await city.ask(sent)).status == 200
    if chunked:
        assert behind.head("transfer-encoding") == "chunked"
        assert len(behind.bodies[0]) > len(content)
    else:
        assert behind.bodies[0] == content


async def test_a_refused_body_that_is_here_already_costs_no_connection() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/stops", method="POST", body=b"x" * 100) + request("/open"))
        assert (await raw.reply()).status == 401
        assert (await raw.reply()).status == 200
        raw.writer.close()


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"
)


async def test_chunked_answers_are_chunked_anew_with_their_trailers() -> None:
    async with api(always(CHUNKED)) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open"))
        head = await raw.reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert await raw.reader.readexactly(23) == b"5\r\nabcde\r\n0\r\nX-T: 1\r\n\r\n"
        raw.writer.close()
        assert (await city.get("/open")).body == b"abcde"
        old = await city.ask(b"GET /open HTTP/1.0\r\nHost: city.example\r\n\r\n")
        assert old.body == b"abcde"
        assert "transfer-encoding" not in old.fields
        assert behind.connections == 1


async def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    async def once(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    async with api(once) as behind, gateway(snapshot(behind.port)) as city:
        reply = await city.get("/open")
        assert (reply.body, reply.fields["transfer-encoding"]) == (b"all of it", "chunked")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_content_leave_the_connection_usable(status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\nETag: \"a\"\r\n\r\n"  # fmt: skip
    async with api(always(answer)) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/open") * 2)
        for _ in range(2):
            assert (await raw.reply()).status == int(status[:3])
        raw.writer.close()
        assert behind.connections == 1


async def test_a_prefix_is_taken_off_for_apis_that_do_not_know_it() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/apps/shop/items?a=%2F&b")
        assert behind.heads[-1].startswith(b"GET /items?a=%2F&b HTTP/1.1")
        await city.get("/apps/%73hop/items")
        assert behind.heads[-1].startswith(b"GET /items HTTP/1.1")


async def test_unknown_paths_and_methods_are_told_apart() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        missing = await city.get("/stop")
        assert (missing.status, missing.problem["type"]) == (
            404,
            "urn:problem-type:supercity:not-found",
        )
        wrong = await city.get("/stops", method="DELETE")
        assert (wrong.status, wrong.fields["allow"]) == (405, "GET, HEAD, POST")
        assert (await city.get("/stops", method="TRACE")).status == 405
        assert behind.heads == []


async def test_without_a_policy_everything_is_not_available_yet() -> None:
    async with gateway(None) as city:
        reply = await city.get("/open")
        assert (reply.status, reply.fields["retry-after"]) == (503, "1")
        assert reply.problem["type"].endswith(":no-policy")
