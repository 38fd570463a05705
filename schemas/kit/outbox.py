"""Transactional outbox: what must be said is written with the fact itself, and said until heard.

A component writes its change and the message in one transaction; a relay hands the messages, in
order, to a sink (the log, or the broker's API) and forgets each only when the sink has taken it.
Whatever dies in between, nothing is lost; the same message may be said twice, so each carries an
identity that the receiver knows it by.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say.

    Attributes:
        channel: where it goes; the sink knows what it means (a topic, a path of the open API).
        key: what must stay in order among itself.
        body: the bytes to say.
        headers: further text with it, at most 4 KiB in all, in a form the sink knows.
    """

    channel: str
    key: str
    body: bytes
    headers: str = ""


Sink = Callable[[list[Message]], Awaitable[None]]
"""Takes messages in order and returns when all are safe; raises when not: all come again."""


def outbox_table(metadata: MetaData, name: str = "outbox") -> Table:
    """The outbox's table, to be declared beside the component's own."""
    return Table(
        name,
        metadata,
        Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("channel", String(255), nullable=False),
        Column("key", String(1024), nullable=False, index=True),
        Column("body", LargeBinary, nullable=False),
        Column("headers", String(4096), nullable=False),
        Column("added", BigInteger, nullable=False),  # microseconds since the epoch
        sqlite_autoincrement=True,
    )


class Outbox:
    """The outbox of one component.

    Args:
        store: the component's store; ``table`` must be in its metadata.
        sink: where messages go.
        batch: how many are handed over at once.
        retry: seconds to wait after a failure, doubled up to ``retry_most``.
    """

    def __init__(
        self,
        store: Store,
        table: Table,
        sink: Sink,
        *,
        batch: int = 500,
        retry: float = 0.2,
        retry_most: float = 5.0,
    ) -> None:
        self._store, self._table, self._sink = store, table, sink
        self._batch, self._retry, self._retry_most = batch, retry, retry_most
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.failures = 0
        """Attempts that failed since the last success: 0 means healthy."""

    async def add(
        self, connection: AsyncConnection, messages: Iterable[Message], *, latest: bool = False
    ) -> None:
        """Write messages in the caller's transaction; call :meth:`wake` once it is committed.

        Args:
            latest: the messages are states, not happenings: earlier ones that still wait on the
                same channel under the same key are dropped, so that a sink which is away for long
                costs no more than one message a key.
        """
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        rows = [
            {"channel": m.channel, "key": m.key, "body": m.body, "headers": m.headers, "added": now}
            for m in messages
        ]
        if rows and latest:
            await self._drop(connection, rows)
        if rows:
            await connection.execute(insert(self._table), rows)

    async def _drop(self, connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
        same = (self._table.c.channel == bindparam("c")) & (self._table.c.key == bindparam("k"))
        stale = [{"c": row["channel"], "k": row["key"]} for row in rows]
        await connection.execute(delete(self._table).where(same), stale)

    async def say(self, messages: Iterable[Message]) -> None:
        """Write messages in a transaction of their own, and wake the relay."""
        async with self._store.write() as connection:
            await self.add(connection, messages)
        self.wake()

    def wake(self) -> None:
        self._wake.set()

    async def waiting(self) -> tuple[int, float]:
        """How many messages wait, and for how many seconds the oldest has."""
        async with self._store.read() as connection:
            row = (
                await connection.execute(
                    select(func.count(), func.min(self._table.c.added)).select_from(self._table)
                )
            ).one()
        age = datetime.now(UTC).timestamp() - row[1] / 1_000_000 if row[1] else 0.0
        return int(row[0]), max(0.0, age)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self) -> None:
        """Stop relaying; what waits stays written, for the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        pause = self._retry
        while True:
            self._wake.clear()
            try:
                while await self.relay_once():
                    pass
            except Exception as error:
                # whatever is wrong with the sink or the store, the messages stay: try for ever
                self.failures += 1
                if self.failures == 1:
                    logger.warning("outbox: not delivering, will keep trying: %r", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._retry_most)
                continue
            if self.failures:
                logger.info("outbox: delivering again after %d failures", self.failures)
            self.failures, pause = 0, self._retry
            await self._wait()

    async def _wait(self) -> None:
        # the timeout covers messages written by another process on the same store; not
        # `wait_for`, which on Python 3.11 can swallow the cancellation that `stop` sends
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._wake.wait()

    async def relay_once(self) -> bool:
        """Hand one batch over; whether there was one."""
        table = self._table
        query = select(table).order_by(table.c.position).limit(self._batch)
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            return False
        await self._sink([Message(r.channel, r.key, r.body, r.headers) for r in rows])
        positions = [row.position for row in rows]
        async with self._store.write() as connection:
            await connection.execute(delete(table).where(table.c.position.in_(positions)))
        return True
