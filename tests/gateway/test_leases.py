"""Limits across workers, against a real Redis."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.core.access.allowances import Allowances
from gateway.core.access.counts import LeasedCounts
from gateway.core.access.limits import Rate
from gateway.core.access.quotas import Quota
from gateway.core.reply import Refused
from gateway.leases import EVERY, Leases
from tests.gateway.core.access.test_quotas import TODAY, spent
from tests.gateway.core.city import Raw, api, client, gateway, request, snapshot, token, until
from tests.gateway.test_worker import Running, running


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Server:
    """A Redis of the test's own, which it may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("this test needs redis-server: apt-get install redis-server")
        self._process = await asyncio.create_subprocess_exec(
            binary, "--port", str(self.port), "--save", "", "--dir", str(self._folder),
            "--loglevel", "warning",
        )  # fmt: skip
        async with asyncio.timeout(10):
            while not await self._answers():
                await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        async with Redis.from_url(self.url) as redis:
            try:
                return bool(await redis.ping())
            except RedisError:
                return False

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path)
    await server.start()
    yield server
    await server.stop()


def a_rate(requests: int, workers: int, seconds: int = 3_600) -> Rate:
    return Rate({"requests": requests, "seconds": seconds}, "client", workers)


def granted(worker: Allowances, rate: Rate, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            worker.take("client", rate, monotonic())
        except Refused:
            continue
        count += 1
    return count


async def test_four_workers_together_grant_what_was_stated_however_it_falls(redis: Server) -> None:
    workers = [Allowances(100) for _ in range(4)]
    leases = [Leases(worker, redis.url) for worker in workers]
    rate = a_rate(200, 4)
    # all that a client sends reaches one worker at first: it gets more than its share by leases
    total = 0
    for _ in range(12):
        total += granted(workers[0], rate, 40)
        await leases[0].lease()
    assert 100 < total <= 200
    # and the others find the bucket as empty as it is, but for what they may grant beforehand
    for _ in range(5):
        for worker, lease in zip(workers, leases, strict=True):
            total += granted(worker, rate, 40)
            await lease.lease()
    assert total <= 200 + 3 * 50, "each worker's first share, once, before its first lease"
    for worker in workers:
        assert granted(worker, rate, 40) == 0
    await asyncio.gather(*(lease._redis.aclose() for lease in leases))


async def test_what_was_granted_before_the_first_lease_is_charged(redis: Server) -> None:
    worker, rate = Allowances(100), a_rate(100, 2)
    lease = Leases(worker, redis.url)
    assert granted(worker, rate, 100) == 50
    await lease.lease()
    assert granted(worker, rate, 100) == 50
    await lease.lease()
    assert granted(worker, rate, 100) == 0
    await lease._redis.aclose()


async def test_what_rests_is_given_back(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, rate = Allowances(100), Allowances(100), a_rate(100, 10)
    leases = [Leases(one, redis.url), Leases(other, redis.url)]
    granted(one, rate, 40)
    await leases[0].lease()  # 10 granted, 80 wanted: one holds them
    monkeypatch.setattr("gateway.core.access.allowances.RESTING", -1.0)
    await leases[0].lease()
    assert granted(one, rate, 100) <= 1 + one._held["client"].floor
    total = 0
    for _ in range(6):
        total += granted(other, rate, 40)
        await leases[1].lease()
    assert total >= 80
    await asyncio.gather(*(lease._redis.aclose() for lease in leases))


async def test_with_redis_away_each_worker_grants_its_share_and_leases_again_after(
    redis: Server,
) -> None:
    worker, rate = Allowances(100), a_rate(100, 2, seconds=1)
    running = asyncio.create_task(Leases(worker, redis.url).run())
    granted(worker, rate, 10)
    held = worker._held["client"]
    await until(lambda: held.leased)
    await redis.stop()
    await until(lambda: worker._refilled_at)
    await until(lambda: held.tokens >= 50)
    assert 50 <= granted(worker, rate, 200) <= 55
    await redis.start()
    await until(lambda: not worker._refilled_at)
    running.cancel()


async def test_requests_go_on_while_redis_does_not_answer() -> None:
    """A Redis that accepts and says nothing must not be felt by any request."""

    async def silent(api: object, reader: asyncio.StreamReader, writer: object) -> None:
        await reader.read()

    limiter = Allowances(100)
    clients = {"app": client(rate={"requests": 40, "seconds": 3_600}), "other": client()}
    async with api(silent) as redis, api() as behind:
        running = asyncio.create_task(Leases(limiter, f"redis://127.0.0.1:{redis.port}").run())
        policy = snapshot(behind.port, clients=clients)
        async with gateway(policy, workers=2, limiter=limiter) as city:
            good = token()
            began = monotonic()
            statuses = [(await city.get("/stops", good)).status for _ in range(30)]
            assert statuses == [200] * 20 + [429] * 10
            assert monotonic() - began < 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


# ------------------------------------------------------------------ quotas


def counting(most: int = 100) -> LeasedCounts:
    counts = LeasedCounts(most)
    counts.turn(TODAY)
    return counts


async def test_one_worker_can_grant_a_whole_quota_and_all_together_hardly_more(
    redis: Server,
) -> None:
    quota = Quota(400, "client-day", 4)
    workers = [counting() for _ in range(4)]
    leases = [Leases(Allowances(1), redis.url, worker) for worker in workers]
    total = 0
    for _ in range(12):
        total += spent(workers[0], quota, 30)
        await leases[0].lease()
    assert total >= 300, "more than its share, and refused for no longer than until the next lease"
    for _ in range(5):  # all at once, each unaware of what the others do until its next lease
        total += sum(spent(worker, quota, 30) for worker in workers)
        await asyncio.gather(*(lease.lease() for lease in leases))
    assert 400 <= total <= 400 + 4 * 10, "each worker's credit, a tenth of its share"
    assert sum(spent(worker, quota, 30) for worker in workers) == 0
    with pytest.raises(Refused) as refused:
        workers[0].spend("k", quota, 0.0)
    assert refused.value.reply.reason == "quota-client-day"
    await asyncio.gather(*(lease._redis.aclose() for lease in leases))


async def test_what_a_resting_worker_holds_is_given_back(
    redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota, one, other = Quota(100, "client-day", 2), counting(), counting()
    leases = [Leases(Allowances(1), redis.url, one), Leases(Allowances(1), redis.url, other)]
    assert spent(one, quota, 50) == 5, "on credit"
    await leases[0].lease()  # 45 more were refused: it holds 95 now
    monkeypatch.setattr("gateway.core.access.counts.RESTING", -inf)
    await leases[0].lease()
    total = 0
    for _ in range(4):
        total += spent(other, quota, 40)
        await leases[1].lease()
    assert 5 + total == 100
    await asyncio.gather(*(lease._redis.aclose() for lease in leases))


async def test_with_redis_away_a_worker_grants_its_share_of_the_day_and_charges_it(
    redis: Server,
) -> None:
    quota, worker = Quota(400, "client-day", 4), counting()
    lease = Leases(Allowances(1), redis.url, worker)
    assert spent(worker, quota, 10) == 10
    await lease.lease()
    await redis.stop()
    await lease._once()
    assert spent(worker, quota, 500) == 90, "its share, less what it had granted"
    with pytest.raises(Refused) as refused:
        worker.spend("k", quota, 0.0)
    assert refused.value.reply.reason == "quota-client-day"
    await redis.start()  # with nothing remembered
    await lease._once()
    other = counting()
    there = Leases(Allowances(1), redis.url, other)
    total = 0
    for _ in range(8):
        total += spent(other, quota, 100)
        await there.lease()
    assert total <= 400 - 70 + 10, "what was held had been charged before, the rest is now"
    await lease._redis.aclose()
    await there._redis.aclose()


async def test_a_quota_that_is_raised_goes_on_from_what_is_used(redis: Server) -> None:
    worker, less, more = counting(), Quota(20, "client-day", 1), Quota(30, "client-day", 1)
    lease = Leases(Allowances(1), redis.url, worker)
    total = 0
    for quota in (less, less, less, more, more, more):
        total += spent(worker, quota, 40)
        await lease.lease()
    assert total + spent(worker, more, 40) == 30
    await lease._redis.aclose()


# ------------------------------------------------------------------ worker processes


async def test_four_worker_processes_together_keep_rates_and_quotas(
    redis: Server, tmp_path: Path
) -> None:
    """What is granted in all, with connections on all workers at the same time."""
    clients = {
        "app": client(rate={"requests": 200, "seconds": 86_400}),
        "other": client(quota=200),
    }
    async with api() as behind:
        policy = snapshot(behind.port, clients=clients)
        async with running(tmp_path, policy, 4, limits=redis.url) as city:
            for who, most in (("app", 200), ("other", 200 + 4 * 5)):
                good = token(client_id=who)
                counts = await asyncio.gather(*(_until_refused(city, good) for _ in range(24)))
                assert 150 <= sum(counts) <= most, who


async def _until_refused(city: Running, good: str) -> int:
    """Requests granted on one connection, until it has been refused for longer than leases take."""
    raw = Raw(*await asyncio.open_connection("127.0.0.1", city.port))
    count, refused_since = 0, 0.0
    try:
        while not refused_since or monotonic() < refused_since + 10 * EVERY:
            raw.writer.write(request("/stops", good))
            status = (await raw.reply()).status
            assert status in (200, 429)
            if status == 200:
                count, refused_since = count + 1, 0.0
            else:
                refused_since = refused_since or monotonic()
                await asyncio.sleep(EVERY / 2)
    finally:
        raw.writer.close()
    return count
