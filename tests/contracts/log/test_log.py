"""What every adapter of the log promises."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from uuid import uuid4

import pytest

from services.broker.log import (
    EventLog,
    LogUnavailable,
    Position,
    Record,
    Stored,
    Topic,
    open_log,
)

START = Position()


def numbered(topic: str, count: int, keys: int = 5) -> list[Record]:
    return [Record(topic, f"key-{n % keys}", str(n).encode()) for n in range(count)]


async def read_all(log: EventLog, topic: str, after: Position = START) -> list[Stored]:
    reader = await log.reader([topic], after)
    found: list[Stored] = []
    while True:
        batch = await reader.read(limit=100, wait=0.0)
        if not batch.records:
            await reader.close()
            return found
        found += batch.records


def by_key(records: list[Stored]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for stored in records:
        found[stored.record.key].append(int(stored.record.value))
    return found


async def test_a_record_comes_back_as_it_was_published(log: EventLog, topic: str) -> None:
    record = Record(topic, "鍵", bytes(range(256)), (("ce_type", "型"), ("empty", "")))
    await log.publish([record])
    assert [stored.record for stored in await read_all(log, topic)] == [record]


async def test_records_of_a_key_stay_in_order(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 500))
    await log.publish(numbered(topic, 500))
    expected = {f"key-{k}": [*range(k, 500, 5)] * 2 for k in range(5)}
    assert by_key(await read_all(log, topic)) == expected


async def test_nothing_is_there_before_it_was_published(log: EventLog, topic: str) -> None:
    reader = await log.reader([topic], START)
    assert not (await reader.read(limit=10, wait=0.0)).records
    await log.publish(numbered(topic, 3))
    assert len((await reader.read(limit=10, wait=5.0)).records) > 0
    await reader.close()


async def test_a_reader_goes_on_at_any_position(log: EventLog, topic: str) -> None:
    """Each position that a reader passes, written down and parsed, leads to exactly the rest."""
    await log.publish(numbered(topic, 40))
    everything = {stored.record.value for stored in await read_all(log, topic)}
    reader = await log.reader([topic], START)
    seen: set[bytes] = set()
    while seen != everything:
        batch = await reader.read(limit=7, wait=5.0)
        seen |= {stored.record.value for stored in batch.records}
        rest = await read_all(log, topic, Position.parse(str(batch.position)))
        assert {stored.record.value for stored in rest} == everything - seen
    await reader.close()


async def test_the_position_after_each_record_is_exact(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 12))
    position, passed = START, 0
    for stored in await read_all(log, topic):
        position, passed = stored.after(position), passed + 1
        assert len(await read_all(log, topic, position)) == 12 - passed


async def test_a_reader_can_go_back(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 10))
    reader = await log.reader([topic], await log.end([topic]))
    assert not (await reader.read(limit=100, wait=0.0)).records
    await reader.seek(START)
    found = 0
    while found < 10:
        batch = await reader.read(limit=100, wait=5.0)
        assert batch.records, "everything is in the log"
        found += len(batch.records)
    await reader.close()


async def test_a_reader_has_seen_the_end_when_it_has_read_everything(
    log: EventLog, topic: str
) -> None:
    await log.publish(numbered(topic, 10))
    end = await log.end([topic])
    reader = await log.reader([topic], START)
    assert not reader.has_seen(end)
    while (await reader.read(limit=100, wait=0.0)).records:
        pass
    assert reader.has_seen(end)
    await reader.close()


async def test_from_the_end_only_what_is_to_come(log: EventLog, topic: str) -> None:
    await log.publish(numbered(topic, 10))
    end = await log.end([topic])
    assert await read_all(log, topic, end) == []
    await log.publish([Record(topic, "new", b"10")])
    assert by_key(await read_all(log, topic, end)) == {"new": [10]}


async def test_topics_are_apart(log: EventLog, topic: str) -> None:
    other = f"test.{uuid4().hex}"
    await log.ensure([Topic(other, partitions=1)])
    await log.publish(
        [Record(topic, "a", b"1"), Record(other, "a", b"2"), Record(topic, "a", b"3")]
    )
    assert by_key(await read_all(log, topic)) == {"a": [1, 3]}
    assert by_key(await read_all(log, other)) == {"a": [2]}


async def test_a_waiting_reader_is_woken_by_another_process(
    log: EventLog, log_url: str, topic: str
) -> None:
    """No polling at human pace on the way of an event."""
    other = open_log(log_url)
    reader = await log.reader([topic], START)
    await reader.read(limit=1, wait=0.0)
    delays = []
    for number in range(5):
        waiting = asyncio.create_task(reader.read(limit=10, wait=10.0))
        await asyncio.sleep(0.05)  # let it wait: the point of the test
        await other.publish([Record(topic, "k", str(number).encode())])
        published = time.monotonic()
        assert len((await waiting).records) == 1
        delays.append(time.monotonic() - published)
    assert sorted(delays)[2] < 0.1
    await reader.close()
    await other.close()


async def test_a_reader_gives_up_waiting_in_time(log: EventLog, topic: str) -> None:
    reader = await log.reader([topic], START)
    began = time.monotonic()
    assert not (await reader.read(limit=10, wait=0.3)).records
    assert 0.25 < time.monotonic() - began < 3.0
    await reader.close()


async def test_a_group_stands_where_it_committed(log: EventLog, log_url: str, topic: str) -> None:
    group = f"group-{uuid4().hex}"
    await log.publish(numbered(topic, 9))
    assert await log.committed(group, [topic]) == START
    middle = (await read_all(log, topic))[4].after(START)
    await log.commit(group, middle)
    other = open_log(log_url)
    assert await other.committed(group, [topic]) == middle
    await other.close()


async def test_a_commit_never_goes_back(log: EventLog, topic: str) -> None:
    group = f"group-{uuid4().hex}"
    await log.publish(numbered(topic, 9, keys=1))
    records = await read_all(log, topic)
    await log.commit(group, records[7].after(START))
    await log.commit(group, records[2].after(START))
    assert await log.committed(group, [topic]) == records[7].after(START)


async def test_groups_are_apart(log: EventLog, topic: str) -> None:
    one, two = f"group-{uuid4().hex}", f"group-{uuid4().hex}"
    await log.publish(numbered(topic, 3))
    await log.commit(one, await log.end([topic]))
    assert await log.committed(two, [topic]) == START


async def test_publishers_at_once_lose_nothing(log: EventLog, log_url: str, topic: str) -> None:
    others = [open_log(log_url) for _ in range(3)]

    async def publish(log: EventLog, name: str) -> None:
        for start in range(0, 60, 6):
            await log.publish([Record(topic, name, str(start + i).encode()) for i in range(6)])

    await asyncio.gather(*(publish(log, f"p{n}") for n, log in enumerate([log, *others])))
    expected = {f"p{n}": [*range(60)] for n in range(4)}
    assert by_key(await read_all(log, topic)) == expected
    for other in others:
        await other.close()


async def test_the_largest_record_fits(log: EventLog, topic: str) -> None:
    value = b"x" * 1_400_000
    await log.publish([Record(topic, "big", value)])
    assert [stored.record.value for stored in await read_all(log, topic)] == [value]


async def test_creating_a_topic_again_changes_nothing(
    log: EventLog, log_url: str, topic: str
) -> None:
    await log.publish(numbered(topic, 3))
    other = open_log(log_url)
    await other.ensure([Topic(topic, partitions=3)])
    assert len(await read_all(other, topic)) == 3
    await other.close()


@pytest.mark.parametrize("url", ["kafka://127.0.0.1:1", "sqlite:////proc/nowhere/log.db"])
async def test_a_log_that_is_not_there_says_so(url: str) -> None:
    log = open_log(url)
    with pytest.raises((LogUnavailable, OSError)):
        await log.publish([Record("test.nowhere", "k", b"v")])
    await log.close()


@pytest.mark.parametrize("url", ["redis://x", "kafka://", "sqlite:///", "nonsense"])
def test_only_known_schemes_are_opened(url: str) -> None:
    with pytest.raises(ValueError, match="kafka://"):
        open_log(url)


async def test_a_time_is_a_place_on_the_log(log: EventLog, topic: str) -> None:
    """Everything that came then or later is behind it."""
    before = time.time()
    await log.publish(numbered(topic, 5))
    for when, count in ((0.0, 5), (before, 5), (time.time() + 3600, 0)):
        reader = await log.reader([topic], await log.since([topic], when))
        found = await reader.read(limit=10, wait=2.0 if count else 0.0)
        await reader.close()
        assert len(found.records) == count, when
