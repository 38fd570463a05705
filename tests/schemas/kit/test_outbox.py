from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from schemas.kit.outbox import Message, Outbox, Refusal, outbox_table
from schemas.kit.store import Store

metadata = MetaData()
table = outbox_table(metadata)


class Ear:
    """A sink that can be deaf for a while."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.deaf = 0
        self.changed = asyncio.Condition()

    async def __call__(self, messages: list[Message]) -> None:
        if self.deaf:
            self.deaf -= 1
            raise ConnectionError("not listening")
        async with self.changed:
            self.heard += [message.body.decode() for message in messages]
            self.changed.notify_all()

    async def until(self, count: int) -> list[str]:
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: len(self.heard) >= count), 10)
        return self.heard


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}", "outbox", metadata)
    await store.open()
    yield store
    await store.close()


def words(*texts: str) -> list[Message]:
    return [Message("topic", "key", text.encode()) for text in texts]


async def test_messages_are_delivered_in_order_and_then_forgotten(store: Store) -> None:
    ear = Ear()
    outbox = Outbox(store, table, ear, batch=2)
    await outbox.say(words("a", "b", "c"))
    outbox.start()
    assert await ear.until(3) == ["a", "b", "c"]
    while await outbox.relay_once():
        pass
    assert await outbox.waiting() == (0, 0.0)
    await outbox.stop()


async def test_a_sink_that_fails_gets_every_message_once_it_listens_again(store: Store) -> None:
    ear = Ear()
    ear.deaf = 3
    outbox = Outbox(store, table, ear, retry=0.01)
    outbox.start()
    await outbox.say(words("a", "b"))
    assert await ear.until(2) == ["a", "b"]
    await outbox.stop()


async def test_a_message_is_not_said_when_its_transaction_is_rolled_back(store: Store) -> None:
    outbox = Outbox(store, table, Ear())
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with store.write() as connection:
            await outbox.add(connection, words("never"))
            raise RuntimeError("changed my mind")
    assert (await outbox.waiting())[0] == 0


async def test_messages_wait_for_the_next_start(store: Store) -> None:
    await Outbox(store, table, Ear()).say(words("later"))
    ear = Ear()
    successor = Outbox(store, table, ear)
    successor.start()
    assert await ear.until(1) == ["later"]
    await successor.stop()


async def test_of_states_only_the_latest_waits(store: Store) -> None:
    ear = Ear()
    outbox = Outbox(store, table, ear)
    for state in ("old", "new"):
        async with store.write() as connection:
            await outbox.add(connection, words(state), latest=True)
    await outbox.relay_once()
    assert ear.heard == ["new"]
    await outbox.stop()


async def test_what_is_refused_for_good_is_set_aside_with_its_reason(store: Store) -> None:
    async def sink(messages: list[Message]) -> list[Refusal]:
        return [Refusal(m, "not a word") for m in messages if m.body == b"??"]

    outbox = Outbox(store, table, sink)
    await outbox.say(words("a", "??", "b"))
    assert await outbox.relay_once()
    assert (await outbox.waiting())[0] == 0
    (aside,) = await outbox.set_aside()
    assert (aside.message.body, aside.reason) == (b"??", "not a word")
    await outbox.stop()


async def test_one_relay_at_a_time_empties_a_table(store: Store) -> None:
    first, second = Outbox(store, table, Ear()), Outbox(store, table, Ear())
    await first.say(words("a"))
    assert await first.relay_once()
    await first.say(words("b"))
    assert not await second.relay_once()
    await first.stop()
    assert await second.relay_once()
    await second.stop()
