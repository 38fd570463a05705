"""``Server-Timing``: said to those who ask for it and may know."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

from tests.gateway.core.city import (
    OK,
    ROUTES,
    Api,
    Reply,
    api,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
    upstream,
)

ASK = "X-City-Server-Timing: ?1"


def timing(reply: Reply) -> dict[str, float]:
    """Milliseconds by name."""
    parts = reply.fields["server-timing"].split(", ")
    return {name: float(value) for name, _, value in (part.partition(";dur=") for part in parts)}


async def slow(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
    while True:
        await read_request(api, reader)
        await asyncio.sleep(0.05)
        writer.write(OK)


async def test_it_is_said_on_demand_and_the_demand_goes_no_further() -> None:
    async with api(slow) as behind, gateway(snapshot(behind.port)) as city:
        good = token()
        found = timing(await city.get("/stops", good, ASK))
        assert set(found) == {"gateway", "queue", "upload", "upstream"}
        assert found["upstream"] >= 45
        assert all(value >= 0 for value in found.values())
        assert behind.head("x-city-server-timing") is None
        for fields in ([], ["X-City-Server-Timing: 0"], [ASK, ASK]):
            assert "server-timing" not in (await city.get("/stops", good, *fields)).fields


async def test_the_time_for_a_connection_and_for_the_body_is_told_apart() -> None:
    async with api(slow) as behind:
        narrow = upstream(behind.port, max_connections=1)
        async with gateway(snapshot(upstreams={"main": narrow})) as city:
            good = token()
            both = await asyncio.gather(*(city.get("/stops", good, ASK) for _ in range(2)))
            assert max(timing(one)["queue"] for one in both) >= 40
            raw = await city.open()
            raw.writer.write(
                request("/stops", good, ASK, "Content-Length: 2", method="POST") + b"a"
            )
            await asyncio.sleep(0.1)
            raw.writer.write(b"b")
            found = timing(await raw.reply())
            assert found["upload"] >= 90
            assert found["upstream"] >= 45


async def test_nothing_is_told_on_open_routes_and_of_refusals() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for path, bearer in (
            ("/open", token()), ("/stops", ""), ("/stops", token("wrong")), ("/nowhere", token()),
        ):  # fmt: skip
            assert "server-timing" not in (await city.get(path, bearer, ASK)).fields


async def test_kept_answers_and_changes_say_it_too() -> None:
    kept = b"HTTP/1.1 200 OK\r\ncache-control: public, max-age=60\r\ncontent-length: 2\r\n\r\nok"

    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            head = await read_request(api, reader)
            writer.write(kept if b"/kept" in head else OK)

    routes = [*ROUTES, route("/kept", cache={}), route("/never", cache={})]
    async with api(handle) as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        good = token()
        for _ in range(3):
            assert set(timing(await city.get("/kept", good, ASK))) == {"cache"}
        assert len(behind.heads) == 1
        assert timing(await city.get("/never", good, ASK))["upstream"] > 0
        assert "upstream" in timing(await city.get("/stops", good, ASK, method="POST"))
        assert "server-timing" not in (await city.get("/kept", good)).fields
