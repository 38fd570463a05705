"""Too much at once: who is served, who is turned away, and how they are told."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from math import inf

import orjson
import pytest

from gateway.core.bounds import Bounds
from gateway.core.overload.admission import CALM, LIFE_SAFETY, Gate
from gateway.core.overload.lag import INTERVAL, LoopLag
from schemas.policy import Priority, Route
from tests.gateway.core.city import (
    OK,
    Api,
    Gateway,
    Handler,
    Raw,
    api,
    client,
    gateway,
    read_request,
    request,
    route,
    snapshot,
    token,
    until,
    upstream,
)
from tests.gateway.core.telemetry.test_telemetry import of

QUICK = Bounds(tick=0.02, linger=0.5, patience=0.05)


def by_priority() -> list[Route]:
    priorities: tuple[Priority, ...] = ("bulk", "normal", "essential", "life-safety")
    return [route(f"/{name}", priority=name) for name in priorities]


def counter(places: int, seconds: float) -> Handler:
    """An API that works on so many at a time, each for so long; others queue in it."""
    room = asyncio.Semaphore(places)

    async def handle(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            async with room:
                await asyncio.sleep(seconds)
            writer.write(OK)

    return handle


async def caller(
    city: Gateway, path: str, bearer: str, end: float, found: list[tuple[int, float]]
) -> None:
    """Ask again and again; after a refusal, a moment later."""
    raw = await city.open()
    while time.monotonic() < end:
        began = time.monotonic()
        raw.writer.write(request(path, bearer))
        reply = await raw.reply()
        found.append((reply.status, time.monotonic() - began))
        if reply.status == 503:
            await asyncio.sleep(0.05)


async def test_when_an_api_is_saturated_life_safety_is_answered_and_bulk_is_shed() -> None:
    policy = snapshot(1, routes=by_priority(), clients={f"c{n}": client() for n in range(40)})
    async with api(counter(places=4, seconds=0.02)) as behind:
        policy["upstreams"] = {"main": upstream(behind.port)}
        async with gateway(policy, bounds=QUICK) as city:
            for _ in range(10):  # what is usual is learned while there is room
                assert (await city.get("/normal", token(client_id="c0"))).status == 200
            end = time.monotonic() + 3.0
            found: dict[str, list[tuple[int, float]]] = {}
            crowd = {"bulk": 80, "normal": 20, "life-safety": 4}
            async with asyncio.TaskGroup() as group:
                for name, many in crowd.items():
                    told = found[name] = []
                    for number in range(many):
                        bearer = token(client_id=f"c{number % 40}")
                        group.create_task(caller(city, f"/{name}", bearer, end, told))
            counted = of(city)
    statuses = {name: Counter(status for status, _ in told) for name, told in found.items()}
    assert set(statuses["life-safety"]) == {200}, statuses
    assert statuses["bulk"][503] > statuses["bulk"][200], statuses
    assert statuses["normal"][200] / len(found["normal"]) > 2 * statuses["bulk"][200] / len(
        found["bulk"]
    ), statuses
    # 104 callers at 4 places of 20 ms each would wait half a second
    late = [seconds for _, seconds in found["life-safety"]][len(found["life-safety"]) // 2 :]
    assert statistics.median(late) < 0.25
    assert counted["shed_total", "concurrency", "bulk"] > 0
    assert counted["concurrency", f"127.0.0.1:{behind.port}"] == 0, "every place was given back"


async def test_who_is_turned_away_is_told_why_and_when_to_come_back() -> None:
    never = asyncio.Event()

    async def silent(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(api, reader)
        await never.wait()

    async with api(silent) as behind:
        narrow = upstream(behind.port, max_connections=16)  # and as many wait: 32 in all
        policy = snapshot(1, routes=by_priority(), upstreams={"main": narrow})
        policy["clients"] = {f"c{n}": client() for n in range(40)}
        async with gateway(policy) as city:
            refused = {}
            for name, places in (("bulk", 20), ("normal", 6), ("essential", 3)):
                for number in range(places):
                    raw = await city.open()
                    raw.writer.write(request(f"/{name}", token(client_id=f"c{number}")))
                    began = city.core.under_way + 1
                    await until(lambda began=began: city.core.under_way == began)  # type: ignore[misc]
                refused[name] = await city.get(f"/{name}", token(client_id="c39"))
            # none of the others' places is left, and life-safety is let through to the upstream
            raw = await city.open()
            raw.writer.write(request("/life-safety", token(client_id="c39")))
            await until(lambda: city.core.under_way == 30)
            counted = of(city)
    for name, reply in refused.items():
        assert reply.status == 503, name
        assert reply.problem["type"] == "urn:problem-type:supercity:overload-concurrency"
        assert "urgent goes first" in reply.problem["detail"]
    waits = [int(reply.fields["retry-after"]) for reply in refused.values()]
    assert 4 <= waits[0] <= 6
    assert 1 <= waits[2] <= 3
    assert counted["rejected_total", "test.get-bulk", "partner", "shed-concurrency"] == 1


async def test_one_client_cannot_take_what_is_left_when_room_is_short() -> None:
    never = asyncio.Event()

    async def silent(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(api, reader)
        await never.wait()

    async with api(silent) as behind:
        narrow = upstream(behind.port, max_connections=20)  # 40 in all: 32 for normal requests
        policy = snapshot(1, routes=by_priority(), upstreams={"main": narrow})
        async with gateway(policy) as city:
            greedy, modest = token(client_id="app"), token(client_id="other")
            held: list[Raw] = []
            for number in range(29):  # all but the last tenth of its room
                held.append(await city.open())
                held[-1].writer.write(request("/normal", greedy))
                await until(lambda most=number + 1: city.core.under_way == most)  # type: ignore[misc]
            refused = await city.get("/normal", greedy)
            assert refused.status == 503
            assert refused.problem["type"].endswith("overload-client")
            raw = await city.open()
            raw.writer.write(request("/normal", modest))
            await until(lambda: city.core.under_way == 30)
            (gate,) = city.core.overload._loads.gates.values()
            assert gate.holders == {"app": 13, "other": 1}  # counted from half on
            for one in [*held, raw]:
                one.writer.transport.abort()
            await until(lambda: city.core.under_way == 0)
            assert (gate.in_flight, gate.holders) == (0, {})


async def test_a_small_upstream_is_not_divided() -> None:
    async with api(counter(1, 0.05)) as behind:
        tiny = upstream(behind.port, max_connections=1)
        policy = snapshot(1, routes=by_priority(), upstreams={"main": tiny})
        async with gateway(policy) as city:
            replies = await asyncio.gather(*(city.get("/bulk", token()) for _ in range(2)))
    assert [reply.status for reply in replies] == [200, 200]


async def test_what_is_known_of_a_server_outlives_the_policy() -> None:
    async with api(counter(1, 0.03)) as behind:
        policy = snapshot(behind.port, routes=by_priority())
        async with gateway(policy) as city:
            await city.get("/normal", token())
            (gate,) = city.core.overload._loads.gates.values()
            usual = city.core.overload._loads.routes["test.get-normal"].usual
            assert 0.03 <= usual < 1
            city.core.apply(orjson.dumps({**policy, "revision": "r2"}))
            assert list(city.core.overload._loads.gates.values()) == [gate]
            assert city.core.overload._loads.routes["test.get-normal"].usual == usual


# ------------------------------------------------------------------ the limit


def a_gate(highest: int = 200) -> Gate:
    gate = Gate("a:1", floor=10)
    gate.widen(highest)
    return gate


def window(gate: Gate, in_flight: int, seconds: float, usual: float = 0.02) -> float:
    """A window of half a second in which so many were always under way."""
    gate.in_flight = in_flight
    gate.ended += (many := max(1, int(in_flight * 0.5 / seconds)))
    gate.seconds += many * seconds
    gate.usual += many * usual
    gate.adapt(0.5, 0.01)
    return gate.limit


def test_the_limit_comes_down_to_what_the_server_can_do_and_goes_up_again() -> None:
    gate = a_gate()
    assert window(gate, 100, 0.03) == 200, "slower, but not by a multiple"
    assert window(gate, 100, 0.2) == pytest.approx(50)
    assert window(gate, 50, 0.1) == pytest.approx(25), (
        "five times as long as usual: half at a time at most"
    )
    assert window(gate, 25, 0.05) == pytest.approx(20)
    assert window(gate, 18, 0.036) == pytest.approx(22)
    for _ in range(60):
        window(gate, 5, 0.02)
    assert gate.limit == 200


def test_the_limit_has_a_floor_and_a_top() -> None:
    gate = a_gate()
    for _ in range(40):
        window(gate, int(gate.limit), 5.0)
    assert 10 <= gate.limit <= 12, "at the floor it is tried again and again"
    gate.widen(6)
    assert gate.limit == 6


def test_a_server_that_answers_nothing_more_is_given_less() -> None:
    gate = a_gate()
    window(gate, 100, 0.02)
    gate.in_flight = 150
    gate.adapt(0.5, 0.01)
    assert gate.limit == 75


def test_what_takes_milliseconds_is_never_slow() -> None:
    gate = a_gate()
    assert window(gate, 100, 0.019, usual=0.0005) == 200


def test_shares_are_in_the_order_of_priority_and_life_safety_has_no_bound() -> None:
    gate = a_gate(100)
    gate.allow(CALM, 0.0)
    assert list(gate.most) == sorted(gate.most)
    assert gate.most == (60, 80, 90, inf)
    assert gate.free[LIFE_SAFETY] == inf
    gate.allow(CALM, 1.5)
    assert gate.free[:3] == (0, 0, 45), "under pressure every bulk and normal request is judged"


# ------------------------------------------------------------------ the loop's lag


def turns(lag: LoopLag, *late: float, now: float) -> float:
    for each in late:
        now += 0.1
        lag.sample(now, each, 0.05)
    return now


def test_one_late_turn_is_no_overload_and_a_standing_lag_is() -> None:
    lag = LoopLag(0.0)
    now = turns(lag, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, now=0.0)
    assert lag.pressure == 0
    now = turns(lag, *[0.06] * 20, now=now)
    assert 0.5 < lag.pressure < 3
    for _ in range(30):
        now = turns(lag, 0.3, now=now)
    assert lag.pressure == 3
    turns(lag, *[0.0] * int(16 * INTERVAL / 0.1 * 2), now=now)
    assert lag.pressure == 0


async def test_a_late_loop_sheds_the_lowest_first() -> None:
    async with api() as behind:
        policy = snapshot(behind.port, routes=by_priority())
        async with gateway(policy, bounds=Bounds(tick=60)) as city:
            good = token()
            statuses = {}
            for pressure in (0.0, 1.0, 2.0, 3.0):
                city.core.overload.lag.pressure = pressure
                city.core.overload._allow()
                statuses[pressure] = [
                    (await city.get(f"/{name}", good)).status
                    for name in ("bulk", "normal", "essential", "life-safety")
                ]
            city.core.overload.lag.pressure = 0.5
            city.core.overload._allow()
            half = Counter([(await city.get("/bulk", good)).status for _ in range(60)])
            counted = of(city)
    assert statuses == {
        0.0: [200, 200, 200, 200],
        1.0: [503, 200, 200, 200],
        2.0: [503, 503, 200, 200],
        3.0: [503, 503, 503, 200],
    }
    assert min(half[200], half[503]) >= 10
    assert counted["shed_total", "lag", "bulk"] > 0
    assert counted["pressure",] == 0.5


async def test_a_worker_that_cannot_keep_up_sheds_and_recovers() -> None:
    async with api() as behind:
        policy = snapshot(behind.port, routes=by_priority())
        async with gateway(policy, bounds=Bounds(tick=0.02)) as city:
            loop, good = asyncio.get_running_loop(), token()
            busy = True

            def work() -> None:
                time.sleep(0.08)
                if busy:
                    loop.call_soon(work)

            loop.call_soon(work)
            assert (await city.get("/bulk", good)).status == 200
            await until(lambda: city.core.overload.lag.pressure >= 1, seconds=20)
            refused = await city.get("/bulk", good)
            assert refused.status == 503
            assert refused.problem["type"].endswith("overload-lag")
            assert (await city.get("/life-safety", good)).status == 200
            assert of(city)["loop_lag_seconds",] > 0.05
            busy, most = False, city.core.overload.lag.pressure
            await until(lambda: city.core.overload.lag.pressure <= most - 0.2)


async def test_life_safety_has_the_next_connection_and_a_place_in_the_line() -> None:
    turn = asyncio.Semaphore(0)

    async def in_turn(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            await turn.acquire()
            writer.write(OK)

    async with api(in_turn) as behind:
        narrow = upstream(behind.port, max_connections=2, connect_timeout_ms=5_000)
        policy = snapshot(1, routes=by_priority(), upstreams={"main": narrow})
        async with gateway(policy) as city:
            lines = []
            for number, name in enumerate(["normal"] * 4 + ["life-safety"] * 2, 1):
                lines.append(await city.open())
                lines[-1].writer.write(request(f"/{name}", token()))
                # two are carried, two wait; then the last must yield
                inside, carried = min(number, 4), min(number, 2)
                await until(lambda most=inside: city.core.under_way == most)  # type: ignore[misc]
                await until(lambda most=carried: len(behind.heads) == most)  # type: ignore[misc]
            # the two that waited were turned away for the two that are urgent
            assert [(await lines[at].reply()).status for at in (3, 2)] == [503, 503]
            for _ in range(4):
                turn.release()
            assert [(await lines[at].reply()).status for at in (0, 1, 4, 5)] == [200] * 4
        asked = [head.split(b" ")[1] for head in behind.heads]
        assert asked == [b"/normal"] * 2 + [b"/life-safety"] * 2


async def test_life_safety_goes_first_among_those_who_wait() -> None:
    turn = asyncio.Semaphore(0)

    async def in_turn(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            await turn.acquire()
            writer.write(OK)

    async with api(in_turn) as behind:
        narrow = upstream(behind.port, max_connections=10, connect_timeout_ms=5_000)
        policy = snapshot(1, routes=by_priority(), upstreams={"main": narrow})
        async with gateway(policy) as city:
            names = ["normal"] * 14 + ["life-safety"]
            for number, name in enumerate(names, 1):
                raw = await city.open()
                raw.writer.write(request(f"/{name}", token()))
                await until(lambda most=number: city.core.under_way == most)  # type: ignore[misc]
            await until(lambda: len(behind.heads) == 10)
            turn.release()
            await until(lambda: len(behind.heads) == 11)
            assert behind.heads[10].startswith(b"GET /life-safety ")
            for _ in names:
                turn.release()
            await until(lambda: city.core.under_way == 0)


def test_a_server_whose_answers_are_all_long_is_not_stalled() -> None:
    """Their time says how fast clients read; that some end says that it works."""
    gate = Gate("a:1", floor=10)
    gate.widen(64)
    gate.ended, gate.seconds, gate.usual = 20, 0.2, 0.2
    gate.adapt(0.25, 0.15)
    gate.in_flight = 32
    for moved, limit in ((True, 64.0), (False, 32.0)):
        gate.moved = moved
        gate.adapt(0.6, 0.15)
        assert (gate.limit >= limit) == moved
