"""The embedded log: one SQLite file, durable, shared by the processes of one machine.

The whole log is one sequence (slot ``log``): a record's offset is its row number. SQLite lets one
writer in at a time, so numbers become visible in order and a reader that stands at *n* has missed
nothing below. A commit is on disk when it returns (WAL, ``synchronous=FULL``).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import orjson

from services.broker.log import embedded_sql as sql
from services.broker.log.base import Batch, LogUnavailable, Record, Stored, Topic
from services.broker.log.bell import Bell
from services.broker.log.position import Position

SLOT: Final = "log"
_TIDY_SECONDS: Final = 60.0
_Result = TypeVar("_Result")


class _Thread:
    """One connection and the one thread that uses it."""

    def __init__(self, path: str, name: str) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"log-{name}")
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """``work`` on the connection; waits its turn.

        Raises:
            LogUnavailable: locked for too long, disk full, file unreadable.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)
        except sqlite3.Error as error:
            raise LogUnavailable(f"the embedded log at {self._path}: {error}") from error

    def _do(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        if self._connection is None:
            self._connection = sql.connect(self._path)
        return work(self._connection)

    async def close(self) -> None:
        def shut(connection: sqlite3.Connection) -> None:
            connection.close()

        if self._connection is not None:
            await self.run(shut)
        self._pool.shutdown(wait=True)


class EmbeddedLog:
    """The log in one file.

    Args:
        path: of the database file; its folder is created.
        poll: seconds between looks for what other processes wrote, while somebody waits.
        clock: seconds since the epoch, for retention.
    """

    def __init__(
        self, path: str, *, poll: float = 0.02, clock: Callable[[], float] = time.time
    ) -> None:
        self._writer = _Thread(path, "write")
        self._reading = _Thread(path, "read")
        self._clock = clock
        self._bell = Bell(lambda: self._reading.run(sql.data_version), poll)
        self._tidying: asyncio.Task[None] | None = None
        self._ensured: set[Topic] = set()

    async def ensure(self, topics: Sequence[Topic]) -> None:
        new = [topic for topic in topics if topic not in self._ensured]
        if new:
            rows = [(t.name, t.retention_seconds, t.compacted) for t in new]
            await self._writer.run(lambda c: sql.ensure(c, rows))
            self._ensured.update(new)
        if self._tidying is None:
            self._tidying = asyncio.create_task(self._tidy_for_ever(), name="log-tidy")

    async def publish(self, records: Sequence[Record]) -> None:
        if not records:
            return
        now = int(self._clock())
        rows = [(r.topic, r.key, r.value, orjson.dumps(r.headers), now) for r in records]
        await self._writer.run(lambda c: sql.append(c, rows))
        self._bell.ring()

    async def reader(
        self, topics: Sequence[str], after: Position, *, following: bool = False
    ) -> EmbeddedReader:
        return EmbeddedReader(self._reading, self._bell, tuple(topics), after)

    async def end(self, topics: Sequence[str]) -> Position:
        return Position({SLOT: await self._reading.run(sql.end)})

    async def since(self, topics: Sequence[str], when: float) -> Position:
        return Position({SLOT: await self._reading.run(lambda c: sql.since(c, when))})

    async def committed(self, group: str, topics: Sequence[str]) -> Position:
        return Position(await self._reading.run(lambda c: sql.committed(c, group)))

    async def commit(self, group: str, position: Position) -> None:
        await self._writer.run(lambda c: sql.commit(c, group, dict(position.offsets)))

    async def tidy(self) -> None:
        """Remove what retention and compaction no longer keep."""
        removed = 1
        while removed:  # in portions: publishers get their turn in between
            removed = await self._writer.run(lambda c: sql.tidy(c, int(self._clock())))

    async def _tidy_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            try:
                await self.tidy()
            except LogUnavailable:
                continue  # publishers meet the same failure, and say so

    async def close(self) -> None:
        if self._tidying:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._bell.close()
        await self._writer.close()
        await self._reading.close()


class EmbeddedReader:
    """A reader of some topics of the embedded log."""

    def __init__(
        self, thread: _Thread, bell: Bell, topics: tuple[str, ...], after: Position
    ) -> None:
        self._thread, self._bell, self._topics = thread, bell, topics
        self.position = after

    def has_seen(self, position: Position) -> bool:
        return self.position.at(SLOT) >= position.at(SLOT)

    async def read(self, *, limit: int, wait: float) -> Batch:
        deadline = time.monotonic() + wait
        while True:
            heard = self._bell.rings  # before the look: a record that comes after it rings again
            batch = await self._look(limit)
            left = deadline - time.monotonic()
            if batch.records or left <= 0:
                return batch
            await self._bell.wait(heard, left)

    async def _look(self, limit: int) -> Batch:
        start = self.position.at(SLOT)
        rows, end = await self._thread.run(lambda c: sql.read(c, self._topics, start, limit))
        records = [
            Stored(Record(topic, key, value, tuple(map(tuple, orjson.loads(headers)))), SLOT, row)
            for row, topic, key, value, headers in rows
        ]
        self.position = Position({SLOT: max(start, end)})
        return Batch(self.position, records)

    async def seek(self, position: Position) -> None:
        self.position = position

    async def close(self) -> None:
        return
