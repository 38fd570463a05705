"""An API that fails altogether is left alone, and asked again carefully."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from types import SimpleNamespace
from typing import cast

from gateway.core.bounds import Bounds
from gateway.core.exchange import Exchange
from gateway.core.upstreams.breaker import Breaker
from tests.gateway.core.city import (
    OK,
    Api,
    Gateway,
    api,
    gateway,
    read_request,
    request,
    snapshot,
    until,
    upstream,
)
from tests.gateway.core.test_faults import events
from tests.gateway.core.upstreams.test_upstream import free_port, silent

CAREFUL = Bounds(tick=0.01, linger=0.3, open=0.2, longest_open=0.4)
LONG = Bounds(tick=0.01, linger=0.3, open=60.0, longest_open=60.0)


def is_open(city: Gateway) -> bool:
    assert city.core.policy is not None
    return city.core.policy.upstreams["main"].breaker.open


async def test_after_failures_in_a_row_nobody_waits_for_the_next_one() -> None:
    async with gateway(snapshot(free_port()), bounds=LONG) as city:
        replies = [await city.get("/open") for _ in range(LONG.break_after + 2)]
        assert [reply.status for reply in replies] == [502] * LONG.break_after + [503] * 2
        assert replies[-1].problem["type"].endswith(":circuit-open")
        assert replies[-1].fields["retry-after"] == "60"
        assert events(city)["circuit_breaks"] == 1
        assert events(city)["circuit_refusals"] == 2


async def test_one_that_is_answered_closes_it_for_all() -> None:
    port = free_port()
    async with gateway(snapshot(port), bounds=CAREFUL) as city:
        while not is_open(city):
            await city.get("/open")
        async with api(port=port) as behind:
            await asyncio.sleep(CAREFUL.open)  # the time for which it is left alone
            assert (await city.get("/open")).status == 200
            assert not is_open(city)
            assert [(await city.get("/open")).status for _ in range(5)] == [200] * 5
            assert len(behind.heads) == 6


async def test_while_one_is_let_through_the_others_are_not() -> None:
    gate = asyncio.Event()

    async def held(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            await gate.wait()
            writer.write(OK)

    port = free_port()
    async with gateway(snapshot(port), bounds=CAREFUL) as city:
        while not is_open(city):
            await city.get("/open")
        async with api(held, port=port) as behind:
            await asyncio.sleep(CAREFUL.open)
            trial = asyncio.create_task(city.get("/open"))
            await until(lambda: behind.heads)
            assert (await city.get("/open")).status == 503
            gate.set()
            assert (await trial).status == 200
            assert (await city.get("/open")).status == 200


def test_a_trial_that_fails_leaves_it_open_for_twice_as_long_up_to_a_bound() -> None:
    breaker = Breaker(Bounds(open=1.0, longest_open=4.0))
    each = cast(Exchange, SimpleNamespace(begun=False))
    for _ in range(4):
        assert not breaker.bad(each, 100.0)
    assert breaker.bad(each, 100.0), "the fifth in a row"
    now = 100.0
    for pause in (1.0, 2.0, 4.0, 4.0):
        refusal = breaker.refusal(each, now + pause - 0.01)
        assert refusal is not None
        assert b"retry-after: %d\r\n" % pause in refusal.head
        now += pause
        trial = cast(Exchange, SimpleNamespace(begun=False))
        assert breaker.refusal(trial, now) is None
        breaker.bad(each, now)  # one that had been under way says nothing new
        assert breaker.refusal(each, now) is not None
        breaker.bad(trial, now)


def test_half_of_many_failing_opens_it_too() -> None:
    breaker = Breaker(Bounds())
    each = cast(Exchange, SimpleNamespace(begun=False))
    opened = []
    for _ in range(10):
        opened.append(breaker.bad(each, 100.0))
        breaker.good()
    assert not any(opened)
    assert breaker.bad(each, 100.0)


async def test_failures_among_answers_do_not_open_it() -> None:
    answered = 0

    async def mixed(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal answered
        while True:
            await read_request(api, reader)
            answered += 1
            if answered % 3 == 0:
                writer.transport.abort()
                return
            writer.write(OK)

    async with api(mixed) as behind, gateway(snapshot(behind.port), bounds=LONG) as city:
        for _ in range(60):
            posted = await city.ask(request("/open", method="POST", body=b"x"))
            assert posted.status in {200, 502}
        assert not is_open(city)


async def test_answers_that_say_503_are_answers() -> None:
    busy = b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy"

    async def always_busy(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            writer.write(busy)

    async with api(always_busy) as behind, gateway(snapshot(behind.port), bounds=LONG) as city:
        assert {(await city.get("/open")).body for _ in range(30)} == {b"busy"}
        assert not is_open(city)


async def test_a_client_in_a_hurry_opens_nothing() -> None:
    async with api(silent) as behind, gateway(snapshot(behind.port), bounds=LONG) as city:
        for _ in range(LONG.break_after + 3):
            assert (await city.get("/open", "", "Request-Timeout: 0.01")).status == 504
        assert not is_open(city)


async def test_one_address_that_fails_is_not_the_api() -> None:
    async def breaks(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.transport.abort()

    kept = Bounds(tick=0.01, open=60.0, longest_open=60.0, down=60.0, longest_down=60.0)
    async with (
        api() as one,
        api(breaks) as bad,
        gateway(snapshot(one.port, bad.port), bounds=kept) as city,
    ):
        statuses = [
            (await city.ask(request("/open", method="POST", body=b"x"))).status for _ in range(100)
        ]
        assert statuses.count(502) == len(bad.heads) <= kept.eject_after
        assert statuses[-50:] == [200] * 50
        assert not is_open(city)


async def test_where_every_address_fails_it_is_the_api() -> None:
    async with gateway(snapshot(free_port(), free_port()), bounds=LONG) as city:
        replies = [await city.get("/open") for _ in range(LONG.break_after + 1)]
        assert [reply.status for reply in replies] == [502] * LONG.break_after + [503]


async def test_each_api_has_a_circuit_of_its_own() -> None:
    async with api() as behind:
        policy = snapshot(behind.port)
        policy["upstreams"]["down"] = upstream(free_port())
        policy["routes"] = [
            {**route, "upstream": "down"} if route["path"] == "/events" else route
            for route in policy["routes"]
        ]
        async with gateway(policy, bounds=LONG) as city:
            replies = [await city.get("/events") for _ in range(LONG.break_after + 1)]
            assert replies[-1].status == 503
            assert (await city.get("/open")).status == 200
