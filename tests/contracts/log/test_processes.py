"""The log between processes, some of which are killed."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import defaultdict
from itertools import pairwise

import pytest

from services.broker.log import EventLog
from tests.contracts.log.test_log import read_all

COUNT = 400


async def writer(url: str, topic: str, name: str, first: int = 0) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.contracts.log.writer", url, topic, name, str(COUNT), str(first)),
        stdout=asyncio.subprocess.PIPE,
    )


async def numbers_by_key(log: EventLog, topic: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for stored in await read_all(log, topic):
        found[stored.record.key].append(int(stored.record.value.split()[1]))
    return found


async def test_two_processes_write_at_once(log: EventLog, log_url: str, topic: str) -> None:
    writers = [await writer(log_url, topic, name) for name in ("a", "b")]
    for process in writers:
        await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
    found = await numbers_by_key(log, topic)
    assert len(found) == 10
    for numbers in found.values():
        assert numbers == sorted(numbers)
    assert sum(map(len, found.values())) >= 2 * COUNT


@pytest.mark.parametrize("seed", range(3))
async def test_what_a_killed_process_was_told_is_there(
    log: EventLog, log_url: str, topic: str, seed: int
) -> None:
    """SIGKILL at a random moment: all that was acknowledged is in the log, in order."""
    process = await writer(log_url, topic, "w")
    assert process.stdout
    acknowledged = 0
    last = random.Random(seed).randrange(20, 300)
    while acknowledged < last:
        acknowledged = int(await asyncio.wait_for(process.stdout.readline(), 30))
    process.kill()
    rest = await asyncio.wait_for(process.stdout.read(), 30)
    acknowledged = max([acknowledged, *map(int, rest.split(b"\n")[:-1])])
    await process.wait()

    found = await numbers_by_key(log, topic)
    written = sorted(number for numbers in found.values() for number in numbers)
    assert written[:acknowledged] == [*range(acknowledged)]
    assert all(a < b for numbers in found.values() for a, b in pairwise(numbers))


async def test_the_log_goes_on_after_a_kill(log: EventLog, log_url: str, topic: str) -> None:
    process = await writer(log_url, topic, "first")
    assert process.stdout
    await asyncio.wait_for(process.stdout.readline(), 30)
    process.kill()
    await process.communicate()
    successor = await writer(log_url, topic, "second")
    await asyncio.wait_for(successor.communicate(), 60)
    assert successor.returncode == 0
    found = await numbers_by_key(log, topic)
    assert sum(len(n) for key, n in found.items() if key.startswith("second")) >= COUNT


async def test_a_writer_that_is_killed_again_and_again_loses_nothing(
    log: EventLog, log_url: str, topic: str
) -> None:
    """Each successor goes on behind what was acknowledged; some of it may then be there twice."""
    chance = random.Random(4)
    acknowledged = 0
    for _ in range(4):
        process = await writer(log_url, topic, "w", acknowledged)
        assert process.stdout
        for _ in range(chance.randrange(1, 12)):
            acknowledged = int(await asyncio.wait_for(process.stdout.readline(), 30))
        process.kill()
        rest = await asyncio.wait_for(process.stdout.read(), 30)
        acknowledged = max([acknowledged, *map(int, rest.split(b"\n")[:-1])])
        await process.wait()
    found = await numbers_by_key(log, topic)
    assert set(range(acknowledged)) <= {n for numbers in found.values() for n in numbers}
    for numbers in found.values():
        first = list(dict.fromkeys(numbers))
        assert first == sorted(first), "what comes twice does not change the order"
