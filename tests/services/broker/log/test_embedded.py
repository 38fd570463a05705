from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.broker.log import Position, Record, Topic
from services.broker.log.embedded import EmbeddedLog
from services.broker.log.embedded_sql import COMPACT_AFTER_SECONDS

DAY = 86_400


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(str(tmp_path / "log.db"), clock=clock)
    await log.ensure(
        [Topic("short", DAY), Topic("ever", 0), Topic("now", retention_seconds=0, compacted=True)]
    )
    yield log
    await log.close()


async def values(log: EmbeddedLog, topic: str, after: Position | None = None) -> list[bytes]:
    reader = await log.reader([topic], after or Position())
    return [s.record.value for s in (await reader.read(limit=100, wait=0)).records]


async def test_records_go_when_their_time_is_over(log: EmbeddedLog, clock: Clock) -> None:
    await log.publish([Record("short", "k", b"old"), Record("ever", "k", b"kept")])
    clock.now += DAY + 1
    await log.publish([Record("short", "k", b"new")])
    await log.tidy()
    assert await values(log, "short") == [b"new"]
    assert await values(log, "ever") == [b"kept"]


async def test_a_compacted_topic_keeps_the_newest_of_each_key(
    log: EmbeddedLog, clock: Clock
) -> None:
    await log.publish([Record("now", key, f"{key}{n}".encode()) for n in (1, 2) for key in "ab"])
    clock.now += COMPACT_AFTER_SECONDS + 1
    await log.publish([Record("now", "a", b"a3")])
    await log.tidy()
    assert await values(log, "now") == [b"b2", b"a3"]


async def test_a_compacted_topic_keeps_every_step_for_a_while(log: EmbeddedLog) -> None:
    await log.publish([Record("now", "a", b"a1"), Record("now", "a", b"a2")])
    await log.tidy()
    assert await values(log, "now") == [b"a1", b"a2"]


async def test_numbers_are_not_given_out_again(log: EmbeddedLog, clock: Clock) -> None:
    """A reader that stands at the end must not miss what follows after a clean-up."""
    await log.publish([Record("short", "k", b"1"), Record("short", "k", b"2")])
    end = await log.end(["short"])
    clock.now += DAY + 1
    await log.tidy()
    await log.publish([Record("short", "k", b"3")])
    assert await values(log, "short", end) == [b"3"]


async def test_a_time_is_found_also_where_rows_have_gone(log: EmbeddedLog, clock: Clock) -> None:
    start = clock.now
    for hour in range(30):
        clock.now = start + hour * 3600
        topic = "short" if hour < 4 else "ever"
        await log.publish([Record(topic, "k", f"{hour}".encode())])
    await log.tidy()
    for hour in (0, 4, 5, 17, 29):
        after = await log.since(["ever"], start + hour * 3600)
        assert await values(log, "ever", after) == [
            f"{n}".encode() for n in range(max(hour, 4), 30)
        ]
    assert await values(log, "ever", await log.since(["ever"], clock.now + 1)) == []
