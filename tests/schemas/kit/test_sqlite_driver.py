from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from schemas.kit.sqlite_driver import Connection
from schemas.kit.store import Store

_metadata = MetaData()
_things = Table("things", _metadata, Column("id", Integer, primary_key=True))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    found = Store(f"sqlite+aiosqlite:///{tmp_path}", "kit", _metadata)
    await found.open()
    yield found
    await found.close()


async def _add(store: Store) -> None:
    async with store.write() as connection:
        await connection.execute(insert(_things))
        (await connection.execute(select(_things))).all()


async def _cancel(task: asyncio.Task[None], after: int, times: int) -> None:
    """After some turns of the loop; and again in each, as cancel scopes do."""
    for _ in range(after):
        await asyncio.sleep(0)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize("times", [1, 2, 1_000])
async def test_a_writer_that_is_cancelled_at_any_moment_holds_nobody_off(
    store: Store, times: int
) -> None:
    chance = random.Random(times)
    held = []  # as a traceback that somebody keeps: with it live the statements of the cancelled
    for _ in range(60):
        task = asyncio.create_task(_add(store))
        await _cancel(task, chance.randrange(60), times)
        await asyncio.wait((task,))
        held.append(task)
        async with asyncio.timeout(5):  # the busy timeout is twice that
            await _add(store)
    assert sum(task.cancelled() for task in held) > 10
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_what_a_cancelled_writer_wrote_is_not_there(store: Store) -> None:
    async def write() -> None:
        async with store.write() as connection:
            await connection.execute(insert(_things))
            await asyncio.Event().wait()

    writer = asyncio.create_task(write())
    while not store._queue.locked():  # type: ignore[union-attr]
        await asyncio.sleep(0)
    await _cancel(writer, 200, 3)
    await asyncio.wait((writer,))
    async with store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(_things)) == 0


async def test_a_cancellation_is_raised_after_the_call_in_hand(store: Store) -> None:
    async with store.read() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        began, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(began.set)
            go_on.wait(10)

        call = asyncio.create_task(driver._execute(work))
        await began.wait()
        call.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not call.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await call


def test_a_connection_that_outlives_its_loop_ends_without_a_word(tmp_path: Path) -> None:
    connections: list[Connection] = []

    async def leave_it() -> None:
        connections.append(Connection(str(tmp_path / "file.db")))
        await connections[0]
        connections[0].stop()

    asyncio.run(leave_it())
    connections[0]._thread.join(10)  # an exception in it would fail the test
    assert not connections[0]._thread.is_alive()
