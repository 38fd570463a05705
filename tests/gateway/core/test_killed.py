"""Real processes behind the core, killed and stopped while everybody asks."""

from __future__ import annotations

import asyncio
import signal

from tests.gateway.core.city import gateway, snapshot, until, upstream
from tests.gateway.core.load import load
from tests.gateway.core.processes import processes
from tests.gateway.core.test_faults import QUICK, events, out


async def test_each_of_three_is_killed_in_turn_and_no_read_fails() -> None:
    async with processes(3) as behind:
        ports = [each.port for each in behind]
        async with gateway(snapshot(*ports), bounds=QUICK) as city, load(city) as reads:
            for each in behind:
                await reads.more(200)
                await each.kill()
                await reads.more(200)
                await each.start()
                await until(lambda: out(city) == 0)
            await reads.more(200)
        assert set(reads.statuses) == {200}, (reads.problems, events(city))


async def test_one_that_is_stopped_keeps_its_connections_and_no_read_fails() -> None:
    async with processes(3) as behind:
        config = upstream(*(each.port for each in behind), try_timeout_ms=200)
        policy = snapshot(upstreams={"main": config})
        async with gateway(policy, bounds=QUICK) as city, load(city) as reads:
            await reads.more(200)
            before = reads.done
            behind[0].signal(signal.SIGSTOP)
            await reads.more(1_000)
            behind[0].signal(signal.SIGCONT)
            await reads.more(200)
            slow = sum(seconds > 0.15 for seconds in reads.seconds[before:])
        assert set(reads.statuses) == {200}, (reads.problems, events(city))
        assert slow <= 30, "those that were waiting for it, and a few that tried it again"


async def test_all_killed_at_once_are_found_again() -> None:
    async with processes(2) as behind:
        ports = [each.port for each in behind]
        async with (
            gateway(snapshot(*ports), bounds=QUICK) as city,
            load(city, clients=4, pause=0.005) as reads,
        ):
            await reads.more(50)
            await asyncio.gather(*(each.kill() for each in behind))
            await reads.more(50)
            assert set(reads.problems) <= {
                "upstream-unreachable", "upstream-broken", "circuit-open",
            }  # fmt: skip
            assert "circuit-open" in reads.problems
            await asyncio.gather(*(each.start() for each in behind))
            answered = reads.statuses[200]
            await until(lambda: reads.statuses[200] > answered)
            failed = reads.failed
            await reads.more(100)
            assert reads.failed - failed <= 4, "those that were under way"
