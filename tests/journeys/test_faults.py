"""What breaks while everybody asks, and what may fail of it.

Real worker processes, real connections, real servers behind. Each answer is looked at: whatever
happens, no client gets another's, or half of one. Each test counts the requests that failed; only
those may that nobody could have saved:

==============================  ================================================================
fault                           may fail
==============================  ================================================================
an API is killed, and back      writes that it had been given; no read
one of three is 100 × slower    nothing, and who asks is not slowed down
Redis is killed, and back       nothing; limits hold, by shares while it is away
the control plane is killed     nothing
a worker is killed              what was under way on that worker's connections
a worker is told to stop        nothing
a policy changes, 100 times     nothing; the last one is large
the certificate changes         nothing
the gateway is told to stop     nothing; later connections are refused
==============================  ================================================================
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

from schemas.policy import Snapshot
from tests.gateway.core.certificates import Authority
from tests.gateway.core.city import client, request, route, token
from tests.gateway.test_leases import Server
from tests.gateway.test_worker import Running, eventually
from tests.journeys.small_city import ROUTES, WORKERS, Plane, gateway, holders, policy, written
from tests.journeys.under_load import Load, load

QUICK = 0.002
"""Seconds that an API takes."""


async def plane_for(*ports: int) -> Plane:
    plane = Plane(policy(*ports))
    await plane.start()
    return plane


async def replaced(city: Running, before: list[int]) -> None:
    """Wait until there are as many workers as before, one of them another."""

    async def found() -> bool:
        now = await city.workers()
        return len(now) == len(before) and now != before

    await eventually(found)
    await eventually(city.ready)


async def test_an_api_is_killed_and_comes_back(tmp_path: Path) -> None:
    async with holders(tmp_path, QUICK, QUICK, QUICK) as behind:
        plane = await plane_for(*(each.port for each in behind))
        writers = 4
        async with (
            gateway(plane, tmp_path) as city,
            load(city.port) as reads,
            load(city.port, reads=0, fresh=0, writes=writers) as writes,
        ):
            for each in behind[:2]:
                await reads.more(150)
                await each.kill()
                await reads.more(300)
                await each.start()
            await writes.more(100)
        assert not reads.failed
        assert set(writes.failed) <= {"upstream-broken"}
        assert writes.failed.total() <= 2 * writers, "no more than there were under way"
    arrived = Counter(written(tmp_path))
    assert max(arrived.values()) == 1, "none was given twice"
    assert arrived.total() >= writes.good


async def test_one_of_three_apis_is_a_hundred_times_slower(tmp_path: Path) -> None:
    async with holders(tmp_path, QUICK, QUICK, 100 * QUICK) as behind:
        plane = await plane_for(*(each.port for each in behind))
        async with gateway(plane, tmp_path) as city, load(city.port, writes=2) as seen:
            await seen.more(300)  # each worker finds out
            known = seen.good
            await seen.more(1_500)
            slow = sum(each >= 100 * QUICK for each in seen.seconds[known:])
        assert not seen.failed
        assert slow < 45, "it was asked as often as the others"


async def test_redis_is_killed_and_comes_back(tmp_path: Path) -> None:
    redis = Server(tmp_path)
    await redis.start()
    async with holders(tmp_path, QUICK) as behind:
        stated = 200
        few = policy(behind[0].port)
        few["clients"]["few"] = client(rate={"requests": stated, "seconds": 86_400})
        plane = Plane(few)
        await plane.start()
        statuses: Counter[int] = Counter()
        async with (
            gateway(plane, tmp_path, limits_url=redis.url) as city,
            load(city.port, writes=1) as seen,
        ):
            asked = request("/stops/1", token(client_id="few"))

            async def asks_too_much(until: int) -> None:
                while statuses[429] < until:
                    statuses[(await city.ask(asked)).status] += 1

            await asks_too_much(20)
            await redis.stop()
            await seen.more(400)
            await asks_too_much(40)
            await redis.start()  # and has forgotten what was granted
            await seen.more(400)
            await asks_too_much(60)
        assert not seen.failed
        assert set(statuses) == {200, 429}
        assert stated / WORKERS <= statuses[200] <= 2 * stated + WORKERS
    await redis.stop()


async def test_the_control_plane_is_killed_and_comes_back(tmp_path: Path) -> None:
    async with holders(tmp_path, QUICK) as behind:
        plane = await plane_for(behind[0].port)
        async with gateway(plane, tmp_path) as city, load(city.port, writes=2) as seen:
            await seen.more(100)
            await plane.kill()
            await seen.more(400)
            plane.publish(policy(behind[0].port, revision="r1"))
            await plane.start()
            await plane.taken(WORKERS)
            await seen.more(100)
        assert not seen.failed


async def test_a_worker_is_killed_while_the_control_plane_is_away(tmp_path: Path) -> None:
    """Its successor starts from the policy on disk."""
    async with holders(tmp_path, QUICK) as behind:
        plane = await plane_for(behind[0].port)
        async with gateway(plane, tmp_path) as city, load(city.port, writes=2) as seen:
            await seen.more(100)
            await plane.kill()
            before = await city.workers()
            os.kill(before[0], signal.SIGKILL)
            await replaced(city, before)
            await seen.more(400)
        assert set(seen.failed) <= {"broken", "unheard"}
        assert seen.failed.total() <= seen.clients, "one of each client at most"


async def test_workers_are_told_to_stop_one_after_the_other(tmp_path: Path) -> None:
    async with holders(tmp_path, QUICK) as behind:
        plane = await plane_for(behind[0].port)
        async with gateway(plane, tmp_path) as city, load(city.port, fresh=12) as seen:
            for number in range(WORKERS):
                await seen.more(100)
                before = await city.workers()
                os.kill(before[number], signal.SIGTERM)
                await replaced(city, before)
                await plane.taken(WORKERS)  # its successor is there, too
            await seen.more(200)
        assert not seen.failed
        assert not seen.refused, "there was always one to connect to"


async def test_the_policy_changes_a_hundred_times(tmp_path: Path) -> None:
    async with holders(tmp_path, QUICK) as behind:
        plane = await plane_for(behind[0].port)
        revoked = token(client_id="app-20", jti="revoked")
        others = [route(f"/other/{number}") for number in range(100)]
        async with gateway(plane, tmp_path) as city, load(city.port, writes=2) as seen:
            assert (await city.ask(request("/stops/1", revoked))).status == 200
            for number in range(1, 101):
                some = others[number % 2 :: 2]
                plane.publish(policy(behind[0].port, revision=f"r{number}", routes=ROUTES + some))
                await plane.taken(WORKERS)
            await seen.more(100)
            plane.publish(large(behind[0].port, "revoked"))
            await plane.taken(WORKERS)
            after = {(await city.ask(request("/stops/1", revoked))).status for _ in range(20)}
            metrics = (await city.page("/metrics")).body
        assert not seen.failed
        assert after == {401}
        assert b"supercity_gateway_policies_applied_total 204.0" in metrics


def large(port: int, revoked: str) -> Snapshot:
    """A policy that takes a while to read, under which the token ``revoked`` is good no more."""
    tokens = {f"token-{number}": 2_000_000_000 for number in range(20_000)}
    revocations = {"tokens": {**tokens, revoked: 2_000_000_000}, "families": {}, "clients": {}}
    others = [route(f"/other/{number}") for number in range(2_000)]
    return policy(port, revision="large", revoked=revocations, routes=ROUTES + others)


async def test_the_certificate_changes(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()
    tls = {"tls_cert": str(files.cert), "tls_key": str(files.key)}
    async with holders(tmp_path, QUICK) as behind:
        plane = await plane_for(behind[0].port)
        async with (
            gateway(plane, tmp_path, **tls) as city,
            load(city.port, reads=3, fresh=5, writes=1, tls=authority.client()) as seen,
        ):
            for shown in range(1, 4):
                await until_shown(seen, shown)
                authority.issue()
            await until_shown(seen, 4)
            await seen.more(100)
        assert not seen.failed
        assert len(seen.serials) == 4


async def until_shown(seen: Load, certificates: int) -> None:
    async def shown() -> bool:
        return len(seen.serials) >= certificates

    await eventually(shown)


async def test_the_gateway_is_told_to_stop(tmp_path: Path) -> None:
    async with holders(tmp_path, 50 * QUICK) as behind:  # so that much is under way
        plane = await plane_for(behind[0].port)
        async with gateway(plane, tmp_path) as city, load(city.port, writes=4) as seen:
            await seen.more(50)

            async def refused() -> bool:
                return seen.refused > 0

            city.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(city.process.wait(), 20) == 0
            assert seen.good > 50, "what was under way has been answered"
            await eventually(refused)
        assert not seen.failed
        arrived = Counter(written(tmp_path))
        assert set(arrived.values()) == {1}
        assert arrived.keys() <= set(seen.sent), "what arrived was answered, each once"
