"""What is remembered by its bytes is never said of anything else."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.access.limits import Rate
from gateway.core.ids import Ids
from tests.gateway.core.city import (
    Api,
    Raw,
    api,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
    upstream,
)


async def test_the_same_fields_tell_each_api_what_it_may_know() -> None:
    """The city's own API gets the gateway's key and a cookie; the one beside it, neither."""
    async with api() as ours, api() as theirs:
        upstreams = {
            "main": upstream(ours.port),
            "other": upstream(theirs.port, internal=False, sector="shop"),
        }
        routes = [
            route("/open", access="open"),
            route("/stops"),
            route("/shop", upstream="other"),
            route("/shop/open", access="open", upstream="other"),
        ]
        async with gateway(snapshot(upstreams=upstreams, routes=routes)) as city:
            bearer = token(resident="taro")
            subjects = set()
            for _ in range(2):
                await city.get("/stops", bearer, "Cookie: a=1")
                assert ours.head("x-city-gateway-key")
                assert ours.head("cookie") is None
                subjects.add(ours.head("x-city-subject"))
                await city.get("/shop", bearer, "Cookie: a=1")
                assert theirs.head("x-city-gateway-key") is None
                assert theirs.head("host") == f"127.0.0.1:{theirs.port}"
                subjects.add(theirs.head("x-city-subject"))
                await city.get("/open", bearer, "Cookie: a=1")
                assert ours.head("cookie") == "a=1"
                assert ours.head("x-city-client") is None
                await city.get("/shop/open", bearer, "Cookie: a=1")
                assert theirs.head("cookie") is None
                assert theirs.head("authorization") is None
            assert len(subjects) == 2


async def test_the_same_request_follows_its_route_to_where_a_new_policy_puts_it() -> None:
    async with api() as one, api() as two, gateway(snapshot(one.port)) as city:
        asked = request("/stops", token())
        raw = await city.open()

        async def under(*ports: int, path: str = "/stops") -> int:
            policy = snapshot(*ports, routes=[route(path)], revision=path)
            city.core.apply(orjson.dumps(policy))
            raw.writer.write(asked)
            return (await raw.reply()).status

        for _ in range(2):
            assert await under(one.port) == 200
            assert await under(two.port) == 200
            assert await under(two.port, path="/elsewhere") == 404
        assert (len(one.heads), len(two.heads)) == (2, 2)


async def counted(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
    """Answers whose heads are all alike."""
    while True:
        await read_request(api, reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 07:00:00 GMT\r\n"
            b"Content-Length: 4\r\n\r\n%04d" % len(api.heads)
        )


async def test_answers_that_begin_alike_have_their_own_content_id_and_limit() -> None:
    async with api(counted) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        replies = []
        asked = request("/stops", token())
        for _ in range(3):
            raw.writer.write(asked)
            replies.append(await raw.reply())
        assert [reply.body for reply in replies] == [b"0001", b"0002", b"0003"]
        assert len({reply.fields["x-request-id"] for reply in replies}) == 3
        assert behind.head("x-request-id") == replies[-1].fields["x-request-id"]
        assert replies[0].fields["date"] == "Tue, 24 Nov 2026 07:00:00 GMT"


async def test_a_drain_ends_connections_whose_requests_were_all_seen_before() -> None:
    async with api(counted) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        asked = request("/open")
        raw.writer.write(asked)
        assert "connection" not in (await raw.reply()).fields
        draining = asyncio.create_task(city.core.drain(5, 10))
        await asyncio.sleep(0)
        raw.writer.write(asked)
        assert (await raw.reply()).fields["connection"] == "close"
        assert await raw.ended()
        raw.writer.close()
        await draining


async def test_the_same_bytes_from_elsewhere_come_from_elsewhere() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        asked = request("/open")
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", city.port, local_addr=(address, 0)
            )
            writer.write(asked)
            await Raw(reader, writer).reply()
            writer.close()
            assert behind.head("x-forwarded-for") == address


async def test_a_seen_request_in_any_pieces_is_the_same_request() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        asked = request("/stops", token())
        raw = await city.open()
        for at in (len(asked), 1, 20, len(asked) - 3, len(asked) - 2, len(asked) - 1):
            for piece in (asked[:at], asked[at:]):
                raw.writer.write(piece)
                await raw.writer.drain()
                await asyncio.sleep(0.01)
            assert (await raw.reply()).status == 200
        raw.writer.write(asked[:-2] + b"X-More: 1\r\n\r\n" + b"\r\n" + asked + asked)
        assert [(await raw.reply()).status for _ in range(3)] == [200, 200, 200]
        assert len({bytes(head.split(b"x-request-id")[0]) for head in behind.heads}) == 2


def test_no_id_is_made_twice() -> None:
    ids = Ids()
    made = [ids.trace_id() for _ in range(2_000)]
    assert len(set(made)) == 2_000
    assert all(len(each) == 32 and int(each, 16) for each in made)


@given(st.integers(1, 5_000), st.integers(1, 100), st.lists(st.floats(0, 1), min_size=1))
def test_what_is_left_of_a_rate_is_told_right_however_often(
    requests: int, seconds: int, parts: list[float]
) -> None:
    rate = Rate({"requests": requests, "seconds": seconds}, "client", 1)
    for part in parts * 2:
        left = part * requests
        told = rate.fields(left).rpartition(b"r=")[2].split(b";t=")
        assert int(told[0]) == int(left)
        until_full = (requests - left) * seconds / requests
        assert until_full - 1e-6 <= int(told[1]) <= until_full + 2
