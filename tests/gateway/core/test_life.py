"""A core's life: policies come and go, the control plane is away, the end is graceful."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.core.app import Core
from gateway.core.policy.feed import Feed
from tests.gateway.core.city import (
    ROUTES,
    Api,
    api,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    until,
)


def changed(**changes: Any) -> bytes:
    return orjson.dumps({**snapshot(9), **changes})


def without(name: str) -> bytes:
    return orjson.dumps({key: value for key, value in snapshot(9).items() if key != name})


INVALID = {
    "not JSON": (b"{", ""),
    "no object": (b"[]", "/: not an object"),
    "another format": (changed(format=2), "/format"),
    "no routes": (changed(routes=[]), "/routes"),
    "no keys": (changed(keys=[]), "/keys"),
    "a part missing": (without("open_rate"), "/open_rate: missing"),
    "weak algorithm": (changed(keys=[{"kid": "a", "kty": "oct", "alg": "HS256"}]), "/keys/0"),
    "no upstream": (changed(upstreams={}), "/routes/0/upstream"),
    "bad address": (
        changed(upstreams={"main": {**snapshot(9)["upstreams"]["main"], "addresses": ["here"]}}),
        "/upstreams/main/addresses",
    ),
    "open with scopes": (
        changed(routes=[route("/a", access="open", scopes=[["x"]])]), "/routes/0/scopes",
    ),
    "scoped without": (changed(routes=[route("/a", scopes=[])]), "/routes/0/scopes"),
    "an empty alternative": (changed(routes=[route("/a", scopes=[["x"], []])]), "/routes/0/scopes"),
    "unknown access": (changed(routes=[route("/a", access="maybe")]), "/routes/0/access"),
    "two alike": (changed(routes=[route("/a/{b}"), route("/a/{c}")]), "/routes"),
    "internal path": (changed(routes=[route("/internal/policy")]), "/routes/0/path"),
    "half a parameter": (changed(routes=[route("/a/{b}.json")]), "/routes/0/path"),
    "strip elsewhere": (changed(routes=[route("/a/b", strip="/x")]), "/routes/0/strip"),
    "strip half a segment": (changed(routes=[route("/apps/b", strip="/app")]), "/routes/0/strip"),
    "subject nowhere": (
        changed(routes=[route("/a/{b}", access="personal", subject="c")]), "/routes/0/subject",
    ),
    "subject not personal": (changed(routes=[route("/a/{b}", subject="b")]), "/routes/0/subject"),
    "rate of nothing": (changed(open_rate={"requests": 0, "seconds": 1}), "/open_rate/requests"),
    "revocations text": (
        changed(revoked={"tokens": {"a": "b"}, "families": {}, "clients": {}}), "/revoked/tokens",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INVALID)
async def test_a_policy_that_cannot_be_is_refused_whole_and_the_old_one_stays(name: str) -> None:
    text, where = INVALID[name]
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        before = city.core.policy
        with pytest.raises(ValueError) as refused:
            city.core.apply(text)
        assert where in str(refused.value)
        assert city.core.policy is before
        assert (await city.get("/open")).status == 200


async def test_policies_change_under_load_without_a_failed_request() -> None:
    stop = asyncio.Event()
    statuses: list[int] = []
    async with api() as one, api() as two, gateway(snapshot(one.port)) as city:

        async def keep_asking() -> None:
            raw = await city.open()
            while not stop.is_set():
                raw.writer.write(request("/open"))
                statuses.append((await raw.reply()).status)

        asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
        for number in range(100):
            port = (one, two)[number % 2].port
            city.core.apply(orjson.dumps(snapshot(port, revision=f"r{number}")))
            await asyncio.sleep(0.002)
        stop.set()
        await asyncio.gather(*asking)
        assert set(statuses) == {200}
        assert one.heads
        assert two.heads
        await until(lambda: one.open == 0 or two.open == 0)


async def test_an_api_that_leaves_the_policy_and_comes_back_keeps_its_streams_and_its_pool() -> (
    None
):
    async def stream(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            head = await read_request(api, reader)
            if b" /events " in head:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
                await reader.read()
                return
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async with api(stream) as one, api() as two, gateway(snapshot(one.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/events"))
        await raw.reader.readuntil(b"data: 1")
        city.core.apply(orjson.dumps(snapshot(two.port)))
        assert (await city.get("/open")).status == 200
        assert one.open == 1, "the stream goes on though its API has left"
        city.core.apply(orjson.dumps(snapshot(one.port)))
        for _ in range(5):
            assert (await city.get("/open")).status == 200
        assert one.connections == 2


async def test_a_route_is_there_as_soon_as_its_policy_is() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.get("/new")).status == 404
        routes = [*ROUTES, route("/new", access="open")]
        city.core.apply(orjson.dumps(snapshot(behind.port, routes=routes)))
        assert (await city.get("/new")).status == 200


# ------------------------------------------------------------------ the feed


class Control:
    """A control plane that serves a policy by long poll."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = policy
        self.changed = asyncio.Event()
        self.asked: list[bytes] = []

    def change(self, policy: dict[str, Any]) -> None:
        self.policy = policy
        self.changed.set()

    async def handle(self, api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        head = await read_request(api, reader)
        self.asked.append(head)
        etag = f'"{self.policy["revision"]}"'.encode()
        if b"if-none-match: " + etag in head:
            await self.changed.wait()
            self.changed.clear()
            etag = f'"{self.policy["revision"]}"'.encode()
        body = orjson.dumps(self.policy)
        writer.write(
            b"HTTP/1.1 200 OK\r\nETag: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"%x\r\n%b\r\n0\r\n\r\n" % (etag, len(body), body)
        )
        await writer.drain()


def told_age(core: Core) -> float:
    """Seconds since the control plane was heard, as operators are told."""
    age = core.as_json()["policy_age"]
    assert isinstance(age, float)
    return age


async def following(core: Core, port: int) -> asyncio.Task[None]:
    return asyncio.create_task(Feed(core, f"http://127.0.0.1:{port}").run())


async def test_the_feed_follows_the_control_plane_and_keeps_the_last_good(tmp_path: Path) -> None:
    kept = tmp_path / "state" / "policy.json"
    async with api() as behind:
        control = Control(dict(snapshot(behind.port, revision="one")))
        async with gateway(None, last_good=kept) as city:
            async with api(control.handle) as plane:
                city.core.policy_heard -= 60
                assert told_age(city.core) >= 60
                feed = await following(city.core, plane.port)
                await until(lambda: city.core.policy)
                await until(lambda: told_age(city.core) < 60)
                assert b"x-city-gateway-key: gateway-key-of-the-tests" in control.asked[0]
                await until(lambda: len(control.asked) == 2)
                assert b'if-none-match: "one"\r\nprefer: wait=30' in control.asked[1]
                control.change(dict(snapshot(behind.port, revision="two")))
                await until(lambda: city.core.policy and city.core.policy.revision == "two")
                await until(lambda: kept.exists() and b'"two"' in kept.read_bytes())
                # one that cannot be is passed over, and asked past
                control.change({**snapshot(behind.port, revision="bad"), "routes": []})
                await until(lambda: city.core.telemetry.counters.get("policy_failures"))
                assert city.core.policy is not None
                assert city.core.policy.revision == "two"
            # the control plane is gone; the city goes on
            assert (await city.get("/open")).status == 200
            feed.cancel()
        assert b'"two"' in kept.read_bytes()
        assert kept.stat().st_mode & 0o077 == 0
        # and starts again without it
        async with gateway(None, last_good=kept) as city:
            assert city.core.load_last_good()
            assert (await city.get("/open")).status == 200


async def test_a_last_good_policy_that_is_broken_is_not_used(tmp_path: Path) -> None:
    kept = tmp_path / "policy.json"
    kept.write_bytes(b'{"format": 1')
    async with gateway(None, last_good=kept) as city:
        assert not city.core.load_last_good()
        assert (await city.get("/open")).status == 503


async def test_the_feed_comes_back_when_the_control_plane_does() -> None:
    async with api() as behind, gateway(None) as city:
        control = Control(dict(snapshot(behind.port)))
        async with api(control.handle) as plane:
            port = plane.port
        feed = await following(city.core, port)
        await until(lambda: city.core.telemetry.counters.get("policy_failures"))
        async with api(control.handle, port=port):
            await until(lambda: city.core.policy)
            feed.cancel()


async def test_the_feed_ends_when_it_is_told_to_whatever_it_is_doing() -> None:
    """Cancelled at each of its first steps, also just as its connection is refused."""
    async with gateway(None) as city:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            nobody = sock.getsockname()[1]
        for steps in range(12):
            feed = await following(city.core, nobody)
            for _ in range(steps):
                await asyncio.sleep(0)
            feed.cancel()
            await asyncio.wait((feed,), timeout=2)
            assert feed.cancelled(), f"it went on after {steps} steps"


# ------------------------------------------------------------------ the end


async def test_a_drain_finishes_what_is_under_way_and_no_request_fails() -> None:
    go = asyncio.Event()

    async def waits(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone")
        await reader.read()

    async with api(waits) as behind, gateway(snapshot(behind.port)) as city:
        busy, resting, idle = [await city.open() for _ in range(3)]
        busy.writer.write(request("/open"))
        await until(lambda: behind.heads)
        resting.writer.write(request("/nowhere"))
        assert (await resting.reply()).status == 404
        draining = asyncio.create_task(city.core.drain(grace=0.3, most=10))
        await until(lambda: city.core.draining)
        with pytest.raises(ConnectionError):
            await city.open()
        # one more on a kept connection is answered, and ends it
        resting.writer.write(request("/nowhere"))
        reply = await resting.reply()
        assert (reply.status, reply.fields["connection"]) == (404, "close")
        assert await resting.ended()
        resting.writer.close()
        go.set()
        reply = await busy.reply()
        assert (reply.body, reply.fields["connection"]) == (b"done", "close")
        busy.writer.close()
        assert await idle.ended()
        await asyncio.wait_for(draining, 5)


async def test_a_drain_ends_though_a_stream_does_not() -> None:
    async def endless(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
        await reader.read()

    async with api(endless) as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request("/events"))
        await raw.reader.readuntil(b"data: 1")
        await asyncio.wait_for(city.core.drain(grace=0.0, most=0.2), 5)
        await city.core.close()
        await until(lambda: behind.open == 0)
