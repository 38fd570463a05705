"""Limits across workers, against a real Redis."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.core.allowances import Allowances
from gateway.core.limits import Rate
from gateway.core.reply import Refused
from gateway.leases import Leases
from tests.gateway.core.city import api, client, gateway, snapshot, token, until


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
    monkeypatch.setattr("gateway.core.allowances.RESTING", -1.0)
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
