"""The side of an outbox that says what waits, in order, until it is taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Table, delete, insert, select

from schemas.kit.bulk import one_of
from schemas.kit.exclusive import exclusive
from schemas.kit.message import Message, Refusal, Sink
from schemas.kit.store import Store

logger = logging.getLogger(__name__)

_LOOK_AGAIN = 1.0  # seconds after which what is there is found without a wake


class Relay:
    """Empties one table of messages into a sink.

    Several processes may fill the table; one at a time empties it, because two would say everything
    twice and break the order of what they say.

    Args:
        table, refused: see :func:`schemas.kit.outbox.outbox_table`.
        batch: how many are handed over at once.
        retry: seconds to wait after a failure, doubled up to ``retry_most``.
    """

    def __init__(
        self,
        store: Store,
        table: Table,
        refused: Table,
        sink: Sink,
        *,
        batch: int,
        retry: float,
        retry_most: float,
    ) -> None:
        self._store, self._table, self._refused, self._sink = store, table, refused, sink
        self._batch, self._retry, self._retry_most = batch, retry, retry_most
        self._wake = asyncio.Event()
        self._turn = exclusive(store, table.name, self._wake.set)
        self._task: asyncio.Task[None] | None = None
        self.failures = 0
        """Attempts that failed since the last success: 0 means healthy."""

    def wake(self) -> None:
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"relay {self._table.name}")

    async def stop(self) -> None:
        """Stop relaying; what waits stays written, for the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._turn.release()

    async def _run(self) -> None:
        pause = self._retry
        while True:
            woken = self._wake.is_set()
            self._wake.clear()
            try:
                if woken and not await self._turn.hold():
                    await self._turn.call()  # the one that relays may be asleep
                while await self.once():
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
            await self._rest()

    async def _rest(self) -> None:
        # not `wait_for`, which on Python 3.11 can swallow the cancellation that `stop` sends
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._wake.wait()

    async def once(self) -> bool:
        """Hand one batch over; whether there was one to be handed over by this process."""
        if not await self._turn.hold():
            return False
        rows = await self._next()
        if not rows:
            return False
        refusals = await self._sink([_message(row) for row in rows])
        await self._forget([row.position for row in rows], refusals or ())
        return True

    async def _next(self) -> Sequence[Row[Any]]:
        query = select(self._table).order_by(self._table.c.position).limit(self._batch)
        async with self._store.read() as connection:
            return (await connection.execute(query)).all()

    async def _forget(self, positions: list[int], refusals: Sequence[Refusal]) -> None:
        async with self._store.write() as connection:
            gone = one_of(connection, self._table.c.position, positions)
            await connection.execute(delete(self._table).where(gone))
            if refusals:
                await connection.execute(insert(self._refused), [_set_aside(r) for r in refusals])
        if refusals:
            # neither the message nor its key: either may be about a person
            logger.error("outbox: %d messages were refused and set aside", len(refusals))


def _message(row: Row[Any]) -> Message:
    return Message(row.channel, row.key, row.body, row.headers)


def _set_aside(refusal: Refusal) -> dict[str, Any]:
    message = refusal.message
    return {
        "channel": message.channel,
        "key": message.key,
        "body": message.body,
        "headers": message.headers,
        "reason": refusal.reason[:2000],
        "refused": int(datetime.now(UTC).timestamp() * 1_000_000),
    }
