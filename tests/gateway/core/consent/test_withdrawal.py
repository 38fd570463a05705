"""What is under way ends when what allowed it does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
import pytest

from tests.gateway.core.city import (
    Api,
    Gateway,
    Raw,
    api,
    client,
    gateway,
    read_request,
    until,
)
from tests.gateway.core.consent.asking import bearer, city, visits

HELD = bearer(visits(), jti="j1", gid="g1")
LATER = int(time.time()) + 600


def revoked(**changes: dict[str, int]) -> dict[str, Any]:
    return {"revoked": {"tokens": {}, "families": {}, "clients": {}, **changes}}


ENDS = {
    "token": revoked(tokens={"j1": LATER}),
    "grant": revoked(families={"g1": LATER}),
    "consent": revoked(consents={"consent-visits": LATER}),
    "client": revoked(clients={"app": LATER}),
    "suspended": {"clients": {"app": client(suspended=True)}},
}


async def endless(behind: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with a stream, a socket, or not at all."""
    head = await read_request(behind, reader)
    if b"GET /socket" in head:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
        )
    elif b"/me/whole" not in head:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\n"
        )  # fmt: skip
    await reader.read()


async def begin(running: Gateway, path: str, held: str = HELD) -> Raw:
    raw = await running.open()
    upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n" if path == "/socket" else ""
    raw.writer.write(
        f"GET {path} HTTP/1.1\r\nHost: a\r\n{upgrade}Authorization: Bearer {held}\r\n\r\n".encode()
    )
    await raw.reader.readuntil(b"\r\n\r\n")
    return raw


async def has_ended(raw: Raw) -> bool:
    try:
        async with asyncio.timeout(5):
            while await raw.reader.read(65_536):
                pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("change", ENDS)
async def test_a_stream_ends_when_what_allowed_it_does(change: str) -> None:
    async with api(endless) as behind, gateway(city(behind.port)) as running:
        mine = await begin(running, "/me/visits/live")
        others = bearer(visits(consent_id="c2"), gid="g2", client_id="other")
        another = await begin(running, "/me/visits/live", others)
        policy = city(behind.port, revision="r2", **ENDS[change])
        if change == "suspended":
            policy["clients"]["other"] = client()
        await running.core.change(orjson.dumps(policy))
        assert await has_ended(mine)
        await until(lambda: behind.open == 1)
        assert running.core.telemetry.counters["withdrawn"] == 1
        assert running.core.under_way == 1
        another.writer.transport.abort()


@pytest.mark.parametrize("path", ["/feed", "/socket"])
async def test_so_does_what_only_a_scope_allowed(path: str) -> None:
    async with api(endless) as behind, gateway(city(behind.port)) as running:
        raw = await begin(running, path)
        assert running.core.upgraded == (path == "/socket")
        await running.core.change(orjson.dumps(city(behind.port, revision="r2", **ENDS["grant"])))
        assert await has_ended(raw)
        await until(lambda: not behind.open)
        assert (running.core.upgraded, running.core.under_way) == (0, 0)


async def test_an_answer_that_is_still_waited_for_becomes_a_refusal() -> None:
    held = bearer(visits(dataset="whole", consent_id="c1"))
    async with api(endless) as behind, gateway(city(behind.port)) as running:
        asked = asyncio.create_task(running.get("/me/whole", held))
        await until(lambda: behind.heads)
        gone = revoked(consents={"c1": LATER})
        await running.core.change(orjson.dumps(city(behind.port, revision="r2", **gone)))
        answer = await asked
        assert answer.status == 403
        assert answer.problem["type"].endswith(":consent-withdrawn")
        await until(lambda: not behind.open)


async def test_what_a_slow_client_has_not_taken_yet_is_not_sent_any_more() -> None:
    size = 8_000_000

    async def large(
        behind: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(behind, reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size)
        await reader.read()

    async with api(large) as behind, gateway(city(behind.port)) as running:
        raw = await begin(running, "/me/visits")
        gone = city(behind.port, revision="r2", **ENDS["consent"])
        await running.core.change(orjson.dumps(gone))
        got = b""
        try:
            while piece := await asyncio.wait_for(raw.reader.read(1_000_000), 5):
                got += piece
        except ConnectionError:
            pass
        assert len(got) < size


async def test_a_stream_ends_with_its_token_and_its_consent() -> None:
    clock = [time.time()]
    now = int(clock[0])
    async with api(endless) as behind, gateway(city(behind.port), now=lambda: clock[0]) as running:
        by_token = await begin(running, "/feed", bearer(exp=now + 30))
        by_consent = await begin(running, "/me/visits/live", bearer(visits(until=now + 60)))
        clock[0] += 32
        assert await has_ended(by_token)
        assert running.core.under_way == 1
        clock[0] += 30
        assert await has_ended(by_consent)
        await until(lambda: not running.core.lasting)


async def test_a_change_that_says_nothing_of_it_cuts_nothing() -> None:
    async with api(endless) as behind, gateway(city(behind.port)) as running:
        await begin(running, "/me/visits/live")
        await begin(running, "/socket")
        other = revoked(families={"g9": LATER}, consents={"c9": LATER})
        await running.core.change(orjson.dumps(city(behind.port, revision="r2", **other)))
        await running.core.change(orjson.dumps(city(behind.port, revision="r3")))
        assert (running.core.under_way, behind.open) == (2, 2)
