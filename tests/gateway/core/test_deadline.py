"""``Request-Timeout``: the time that the client gives is kept here, and passed on."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReader, StreamWriter

import pytest

from tests.gateway.core.city import OK, Api, api, gateway, read_request, request, snapshot, upstream
from tests.gateway.core.test_faults import QUICK, deaf, events
from tests.gateway.core.upstreams.test_upstream import silent


async def test_what_is_left_of_it_is_passed_on() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.get("/open", "", "Request-Timeout: 2.5")).status == 200
        told = behind.head("request-timeout")
        assert told is not None and 2.0 < float(told) <= 2.5
        await city.get("/open")
        assert behind.head("request-timeout") is None


async def test_nothing_is_waited_for_beyond_it() -> None:
    async with api(silent) as behind, gateway(snapshot(behind.port), bounds=QUICK) as city:
        began = time.monotonic()
        reply = await city.get("/open", "", "Request-Timeout: 0.2")
        assert 0.2 <= time.monotonic() - began < 1.0
        assert reply.status == 504
        assert reply.problem["type"].endswith(":deadline-exceeded")
        assert events(city)["deadlines_exceeded"] == 1


async def test_an_answer_that_has_begun_in_time_is_passed_on_to_its_end() -> None:
    async def slowly(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(OK[:-1])
        await asyncio.sleep(0.3)
        writer.write(OK[-1:])
        await reader.read()

    async with api(slowly) as behind, gateway(snapshot(behind.port), bounds=QUICK) as city:
        assert (await city.get("/open", "", "Request-Timeout: 0.2")).body == b"ok"


async def test_it_holds_while_a_connection_is_waited_for() -> None:
    async with api(silent) as behind:
        narrow = upstream(behind.port, max_connections=1, connect_timeout_ms=5_000)
        async with gateway(snapshot(upstreams={"main": narrow}), bounds=QUICK) as city:
            first = await city.open()
            first.writer.write(request("/open"))
            while not behind.heads:
                await asyncio.sleep(0.005)
            began = time.monotonic()
            reply = await city.get("/open", "", "Request-Timeout: 0.2")
            assert reply.problem["type"].endswith(":deadline-exceeded")
            assert time.monotonic() - began < 1.0


async def test_it_holds_over_all_tries_together() -> None:
    with deaf() as one, deaf() as two:
        ports = (one.getsockname()[1], two.getsockname()[1])
        impatient = upstream(*ports, try_timeout_ms=100)
        async with gateway(snapshot(upstreams={"main": impatient}), bounds=QUICK) as city:
            began = time.monotonic()
            reply = await city.get("/open", "", "Request-Timeout: 0.3")
            assert 0.3 <= time.monotonic() - began < 1.0
            assert reply.problem["type"].endswith(":deadline-exceeded")
            assert events(city)["retries"] == 1


async def test_a_longer_one_than_the_policys_changes_nothing() -> None:
    async with api(silent) as behind:
        slow = upstream(behind.port, response_timeout_ms=100)
        async with gateway(snapshot(upstreams={"main": slow}), bounds=QUICK) as city:
            reply = await city.get("/open", "", "Request-Timeout: 30")
            assert reply.problem["type"].endswith(":upstream-timeout")


@pytest.mark.parametrize("value", ["0", "0.0", "-1", "1e3", "", "soon", "1.", "1.2345", "9999999"])
async def test_one_that_is_no_number_of_seconds_is_400(value: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await city.get("/open", "", f"Request-Timeout: {value}")).status == 400
        assert not behind.heads
