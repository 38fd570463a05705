"""Several addresses of one API, some of which fail while everybody asks.

Each test counts the requests that failed; only those that could not be saved may.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from gateway.core.bounds import Bounds
from tests.gateway.core.city import (
    OK,
    Api,
    Gateway,
    Handler,
    always,
    api,
    gateway,
    read_request,
    request,
    snapshot,
    until,
    upstream,
)
from tests.gateway.core.load import load

QUICK = Bounds(
    tick=0.01, linger=0.3, down=0.1, longest_down=0.2, slow_return=0.3, probe=0.05,
    probe_timeout=0.1, open=0.1, longest_open=0.2,
)  # fmt: skip


def after(seconds: float, answer: bytes = OK) -> Handler:
    """Answers after ``seconds``."""

    async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            await asyncio.sleep(seconds)
            writer.write(answer)

    return handle


def events(city: Gateway) -> dict[str, int]:
    assert city.core.policy is not None
    return city.core.policy.upstreams["main"].events


def out(city: Gateway) -> int:
    """How many addresses are passed over."""
    assert city.core.policy is not None
    return sum(not each.health.well for each in city.core.policy.upstreams["main"].addresses)


def deaf() -> socket.socket:
    """A socket on which connections are taken by the kernel, and then by nobody."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    found.listen(64)
    return found


async def test_of_three_one_is_killed_and_comes_back_and_no_read_fails() -> None:
    async with api(after(0.001)) as one, api(after(0.001)) as two, AsyncExitStack() as third:
        three = await third.enter_async_context(api(after(0.001)))
        ports = (one.port, two.port, three.port)
        async with gateway(snapshot(*ports), bounds=QUICK) as city, load(city) as reads:
            await reads.more(200)
            assert min(len(each.heads) for each in (one, two, three)) > 20
            await third.aclose()
            await reads.more(300)
            assert events(city)["ejections"] >= 1
            async with api(after(0.001), port=three.port) as back:
                await until(lambda: len(back.heads) > 20)
            await reads.more(100)
            assert reads.failed == 0, (reads.problems, events(city))
        assert set(reads.statuses) == {200}


async def test_of_writes_only_those_fail_that_had_been_sent_when_their_address_died() -> None:
    async with api(after(0.002)) as one, api(after(0.002)) as two, AsyncExitStack() as third:
        three = await third.enter_async_context(api(after(0.002)))
        ports = (one.port, two.port, three.port)
        async with (
            gateway(snapshot(*ports), bounds=QUICK) as city,
            load(city, clients=8, method="POST", body=b"pay") as writes,
        ):
            await writes.more(200)
            await third.aclose()
            await writes.more(300)
            assert writes.failed <= 8, "no more than there were under way"
            assert set(writes.problems) <= {"upstream-broken"}, "connecting was tried elsewhere"
        sent = sum(each.bodies.count(b"pay") for each in (one, two, three))
        assert sent <= writes.done, "none was sent twice"


async def test_of_three_one_is_a_hundred_times_slower_and_hardly_asked() -> None:
    async with api(after(0.002)) as one, api(after(0.002)) as two, api(after(0.2)) as slow:
        ports = (one.port, two.port, slow.port)
        async with (
            gateway(snapshot(*ports), bounds=QUICK) as city,
            load(city, clients=12) as reads,
        ):
            await until(lambda: len(slow.heads) >= 1)
            await reads.more(500)
            before, asked = reads.done, len(slow.heads)
            await reads.more(2_000)
            share = (len(slow.heads) - asked) / (reads.done - before)
            assert share < 0.01, "it was asked as often as the others"
            assert reads.quantile(0.99, before) < 0.1, "who asks the others is not slowed down"
            assert reads.failed == 0


async def test_a_slow_one_that_is_quick_again_gets_its_share_back() -> None:
    seconds = [0.2]

    async def changing(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            await asyncio.sleep(seconds[0])
            writer.write(OK)

    async with (
        api(after(0.002)) as one,
        api(changing) as two,
        gateway(snapshot(one.port, two.port), bounds=QUICK) as city,
        load(city) as reads,
    ):
        await reads.more(300)
        seconds[0] = 0.002
        asked = len(two.heads)
        await until(lambda: len(two.heads) - asked > 200, 20)


async def test_answers_cut_off_in_the_middle_are_never_made_up_and_their_address_is_left() -> None:
    """One of three resets each connection in the middle of an answer that has begun."""

    async def cuts(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")
        await writer.drain()
        writer.transport.abort()

    async with (
        api() as one,
        api() as two,
        api(cuts) as bad,
        gateway(snapshot(one.port, two.port, bad.port), bounds=QUICK) as city,
    ):
        cut = 0
        while not out(city) and cut < 100:
            try:
                assert (await city.get("/open")).body == b"ok"
            except (asyncio.IncompleteReadError, ConnectionError):
                cut += 1
        assert 0 < cut <= len(bad.heads) <= 2 * QUICK.sample


async def test_a_reset_before_the_answer_is_tried_elsewhere() -> None:
    async def resets(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.transport.abort()

    async with (
        api(after(0.001)) as one,
        api(resets) as bad,
        gateway(snapshot(one.port, bad.port), bounds=QUICK) as city,
    ):
        async with load(city, clients=4) as reads:
            await until(lambda: bad.heads)
            await reads.more(200)
        assert reads.failed == 0
        assert events(city)["retries"] >= 1
        statuses = set()
        for _ in range(40):
            posted = await city.ask(request("/open", method="POST", body=b"pay"))
            statuses.add(posted.status)
        assert len(one.bodies) + len(bad.bodies) == len(one.heads) + len(bad.heads)
        assert one.bodies.count(b"pay") + bad.bodies.count(b"pay") == 40, "each once"
        assert statuses <= {200, 502}


async def test_after_an_interim_answer_nothing_is_asked_again() -> None:
    seen = asyncio.Event()

    async def hints(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        await seen.wait()
        writer.transport.abort()

    async with (
        api(hints) as one,
        api(hints) as two,
        gateway(snapshot(one.port, two.port), bounds=QUICK) as city,
    ):
        raw = await city.open()
        raw.writer.write(request("/open"))
        assert (await raw.reply()).status == 103
        seen.set()
        assert (await raw.reply()).status == 502
        assert len(one.heads) + len(two.heads) == 1


@contextmanager
def full() -> Iterator[int]:
    """The port of a socket that takes no further connection, and refuses none either."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen(0)
        port = found.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()


async def test_where_connecting_takes_too_long_another_is_connected_to() -> None:
    with full() as port:
        async with api() as one:
            config = upstream(one.port, port, connect_timeout_ms=100)
            async with gateway(snapshot(upstreams={"main": config}), bounds=QUICK) as city:
                for _ in range(20):
                    posted = await city.ask(request("/open", method="POST", body=b"pay"))
                    assert posted.status == 200
                assert events(city)["ejections"] >= 1
                assert one.bodies.count(b"pay") == 20


async def test_a_client_in_a_hurry_is_not_held_against_an_address() -> None:
    with full() as one, full() as two:
        config = upstream(one, two, connect_timeout_ms=5_000)
        async with gateway(snapshot(upstreams={"main": config}), bounds=QUICK) as city:
            for _ in range(3):
                reply = await city.get("/open", "", "Request-Timeout: 0.05")
                assert reply.problem["type"].endswith(":deadline-exceeded")
            assert out(city) == 0
            assert events(city) == {"deadlines_exceeded": 3}


async def test_one_that_takes_connections_and_answers_nobody_is_found_out() -> None:
    """As with a process that hangs: the kernel goes on accepting for it."""
    with deaf() as hung:
        port = hung.getsockname()[1]
        async with api(after(0.001)) as one, api(after(0.001)) as two:
            impatient = upstream(one.port, two.port, port, try_timeout_ms=100)
            policy = snapshot(upstreams={"main": impatient})
            async with gateway(policy, bounds=QUICK) as city, load(city, clients=6) as reads:
                await reads.more(2_000)
                assert reads.failed == 0, (reads.problems, events(city))
                assert reads.quantile(0.99) < 0.1
                assert 1 <= events(city)["retries"] < 40


async def test_a_slow_answer_is_waited_for_where_there_is_nobody_else_to_ask() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    async with api(after(0.3)) as slow:
        impatient = upstream(slow.port, nobody, try_timeout_ms=50)
        away = Bounds(tick=0.01, down=60.0, longest_down=60.0)
        async with gateway(snapshot(upstreams={"main": impatient}), bounds=away) as city:
            while not out(city):
                await city.get("/open")
            asked = len(slow.heads)
            assert (await city.get("/open")).status == 200
            assert len(slow.heads) == asked + 1, "not asked twice"


async def test_with_one_address_nothing_is_held_against_it() -> None:
    async with gateway(snapshot(1), bounds=QUICK) as city:
        assert (await city.get("/open")).status == 502
        assert out(city) == 0
        assert events(city) == {}


async def test_it_is_found_out_by_its_health_check_before_anybody_asks() -> None:
    with deaf() as hung:
        async with api() as one:
            checked = upstream(one.port, hung.getsockname()[1], health="/readyz")
            async with gateway(snapshot(upstreams={"main": checked}), bounds=QUICK) as city:
                await until(lambda: out(city) == 1)
                for _ in range(20):
                    assert (await city.get("/open")).status == 200
                assert b"GET /readyz HTTP/1.1" in one.heads[0]


async def test_a_health_check_that_fails_and_passes_again() -> None:
    well = [True, True]

    def checked(which: int) -> Handler:
        async def handle(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
            while True:
                head = await read_request(api, reader)
                bad = b"/readyz" in head and not well[which]
                writer.write(OK.replace(b"200 OK", b"503 No") if bad else OK)

        return handle

    async with api(checked(0)) as one, api(checked(1)) as two:
        config = upstream(one.port, two.port, health="/readyz")
        async with gateway(snapshot(upstreams={"main": config}), bounds=QUICK) as city:
            well[1] = False
            await until(lambda: out(city) == 1)
            asked = sum(b"/open" in head for head in two.heads)
            for _ in range(20):
                await city.get("/open")
            assert sum(b"/open" in head for head in two.heads) == asked
            well[0] = False
            await until(lambda: out(city) == 2)
            assert (await city.get("/open")).status == 200, "all are asked when none is well"
            assert events(city)["panics"] == 1
            well[:] = [True, True]
            await until(lambda: out(city) == 0)


async def test_one_that_answers_errors_while_the_others_do_not_is_passed_over() -> None:
    fails = always(b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno")
    patient = Bounds(tick=0.01, down=30.0)

    async def asks(city: Gateway, count: int) -> list[int]:
        return [(await city.get("/open")).status for _ in range(count)]

    async with (
        api() as one,
        api() as two,
        api(fails) as bad,
        gateway(snapshot(one.port, two.port, bad.port), bounds=patient) as city,
    ):
        for _ in range(100):
            if out(city):
                break
            await asks(city, 10)
        assert out(city) == 1
        assert await asks(city, 30) == [200] * 30
    async with (
        api(fails) as one,
        api(fails) as two,
        gateway(snapshot(one.port, two.port), bounds=patient) as city,
    ):
        await asks(city, 100)
        assert out(city) == 0, "where all fail alike, nothing is won by asking elsewhere"


async def test_retries_are_a_share_of_what_is_asked() -> None:
    async def resets(api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        await read_request(api, reader)
        writer.transport.abort()

    frugal = Bounds(tick=0.01, eject_after=10_000, break_after=10_000, sample=10_000)
    async with (
        api(resets) as one,
        api(resets) as two,
        gateway(snapshot(one.port, two.port), bounds=frugal) as city,
    ):
        for _ in range(200):
            assert (await city.get("/open")).status == 502
        sent = len(one.heads) + len(two.heads)
        assert sent == 200 + events(city)["retries"]
        most = frugal.retry_reserve + frugal.retry_ratio * 200
        assert most - 2 <= events(city)["retries"] <= most
        assert events(city)["retries_denied"] >= 100


async def test_with_every_address_down_each_is_tried_and_then_it_is_502() -> None:
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    async with gateway(snapshot(*ports), bounds=QUICK) as city:
        assert (await city.get("/open")).status == 502
        async with api(port=ports[1]):
            assert (await city.get("/open")).status == 200, "all are tried when none is well"
