from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from schemas.cloudevents import CloudEvent
from schemas.kit.store import Store
from services.broker.consumer import Consumer, Handled, Handler
from services.broker.events.binding import Delivery, as_message, as_record
from services.broker.events.deadletter import TOPIC, DeadLetter, parse_dead_letter
from services.broker.log import EventLog, Position, open_log
from services.broker.metrics import Metrics
from services.broker.tables import handled_events
from services.broker.topics import log_topics
from tests.services.broker.domain import thing
from tests.services.broker.running import until

TOPICS = ["city.test.thing"]


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[EventLog]:
    log = open_log(log_url)
    await log.ensure(log_topics())
    yield log
    await log.close()


@pytest.fixture
async def group(log: EventLog) -> str:
    """A group that has handled what other tests left."""
    name = f"test.{uuid4().hex}"
    await log.commit(name, await log.end(TOPICS))
    return name


async def say(log: EventLog, *numbers: int) -> None:
    events = [CloudEvent.model_validate(thing(n, id=f"id-{n}")) for n in numbers]
    await log.publish([as_record(as_message(event)) for event in events])


def number(delivery: Delivery) -> int:
    return int(delivery.id.rpartition("-")[2])


async def consume(
    log: EventLog, group: str, handler: Handler, done: Callable[[], bool], **options: float
) -> None:
    """Run a consumer until a condition holds, then stop it in the middle of whatever it does."""
    consumer = Consumer(log, TOPICS, group, handler, metrics=Metrics(), backoff=0.01, **options)  # type: ignore[arg-type]
    task = asyncio.create_task(consumer.run())
    try:
        await until(lambda: done() or task.done())
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_event_is_handled_in_order(log: EventLog, group: str) -> None:
    handled: list[int] = []

    async def handle(delivery: Delivery) -> None:
        handled.append(number(delivery))

    await say(log, *range(20))
    await consume(log, group, handle, lambda: len(handled) == 20)
    assert handled == [*range(20)]


async def test_what_was_handled_is_not_handled_by_the_next_one(log: EventLog, group: str) -> None:
    """Stopped in the middle of an event: that one comes again, those before it do not."""
    handled: list[int] = []
    stuck = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        if number(delivery) == 7 and not stuck.is_set():
            stuck.set()
            await asyncio.Event().wait()
        handled.append(number(delivery))

    await say(log, *range(10))
    await consume(log, group, handle, stuck.is_set)
    await consume(log, group, handle, lambda: len(handled) == 10)
    assert handled == [*range(10)]


async def test_a_failing_event_is_tried_again(log: EventLog, group: str) -> None:
    tries: list[int] = []

    async def handle(delivery: Delivery) -> None:
        tries.append(number(delivery))
        if len(tries) < 3:
            raise ConnectionError("not yet")

    await say(log, 1, 2)
    await consume(log, group, handle, lambda: 2 in tries)
    assert tries == [1, 1, 1, 2]


async def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(
    log: EventLog, group: str
) -> None:
    handled: list[int] = []

    async def handle(delivery: Delivery) -> None:
        if number(delivery) == 1:
            raise ValueError("cannot be handled")
        handled.append(number(delivery))

    await say(log, 0, 1, 2)
    await consume(log, group, handle, lambda: handled == [0, 2], attempts=2)
    letters = [letter for letter in await dead_letters(log) if letter.group == group]
    assert [(x.reason, x.attempts, x.event["id"]) for x in letters] == [
        ("ValueError: cannot be handled", 2, "id-1")
    ]


async def dead_letters(log: EventLog) -> list[DeadLetter]:
    reader = await log.reader([TOPIC], Position())
    found = []
    while batch := (await reader.read(limit=100, wait=0)).records:
        found += [parse_dead_letter(stored) for stored in batch]
    await reader.close()
    return [letter for letter in found if letter]


async def test_an_effect_in_sql_is_done_once(store_url: str) -> None:
    """The event is noted in the transaction of its effect: done both, or neither."""
    metadata = MetaData()
    handled_events.to_metadata(metadata)
    effects = Table(
        "effects", metadata, Column("id", Integer, primary_key=True), Column("x", String(9))
    )
    store = Store(store_url, "handled", metadata)
    await store.open()
    handled = Handled(store, "g")
    delivery = Delivery("id", "/s", "t", "", b"{}", "log", 1, Position())

    async def effect(fail: bool = False) -> None:
        async with store.write() as connection:
            if await handled.first_time(connection, delivery):
                await connection.execute(insert(effects).values(x="done"))
            if fail:
                raise RuntimeError("died before the commit")

    with pytest.raises(RuntimeError):
        await effect(fail=True)
    for _ in range(3):
        await effect()
    async with store.read() as connection:
        rows = (await connection.execute(select(effects))).all()
    await store.close()
    assert len(rows) == 1
