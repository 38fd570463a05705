"""Consumers inside the broker: every event handled at least once, in order, or put aside.

The effect comes first and the commit after it, so a crash in between repeats the effect: handlers
are idempotent, or use :class:`Handled` to know what they have done.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.events.binding import Delivery, as_delivery, as_record
from services.broker.events.deadletter import dead_letter
from services.broker.log import Batch, EventLog, LogUnavailable, Position, Reader, Stored
from services.broker.metrics import Metrics
from services.broker.tables import handled_events

logger = logging.getLogger(__name__)

Handler = Callable[[Delivery], Awaitable[None]]
"""Does what an event asks for; an exception means: try again."""

_PORTION: Final = 200
_WAIT_SECONDS: Final = 5.0
_LOG_RETRY_SECONDS: Final = 1.0


class Consumer:
    """Hands the events of some topics to a handler, on behalf of a group.

    One process at a time may run a group (see :mod:`schemas.kit.exclusive`).

    Args:
        attempts: how often an event is tried before it goes to the dead letters.
        backoff: seconds before the second attempt, doubled for each further one.
    """

    def __init__(
        self,
        log: EventLog,
        topics: Sequence[str],
        group: str,
        handler: Handler,
        *,
        metrics: Metrics,
        attempts: int = 5,
        backoff: float = 0.2,
    ) -> None:
        self._log, self._topics, self._group, self._handler = log, topics, group, handler
        self._metrics, self._attempts, self._backoff = metrics, attempts, backoff

    async def run(self) -> None:
        """Consume until cancelled; while the log is away, wait for it."""
        while True:
            try:
                await self._consume()
            except LogUnavailable as error:
                logger.warning("%s waits for the log: %s", self._group, error)
                await asyncio.sleep(_LOG_RETRY_SECONDS)

    async def _consume(self) -> None:
        after = await self._log.committed(self._group, self._topics)
        reader = await self._log.reader(self._topics, after, following=True)
        try:
            while True:
                await self._portion(reader)
        finally:
            await reader.close()

    async def _portion(self, reader: Reader) -> None:
        before = reader.position
        batch = await reader.read(limit=_PORTION, wait=_WAIT_SECONDS)
        done = before
        try:
            for stored in batch.records:
                await self._one(stored, stored.after(done))
                done = stored.after(done)
        finally:
            # what is done is done, also when the next event stopped us: it is not done again
            if done.offsets != before.offsets:
                await self._log.commit(self._group, done)
        await self._skip(batch, done)

    async def _skip(self, batch: Batch, done: Position) -> None:
        if not done.reaches(batch.position):
            await self._log.commit(self._group, batch.position)

    async def _one(self, stored: Stored, position: Position) -> None:
        delivery = as_delivery(stored, position)
        if delivery is None:
            logger.warning("%s: no CloudEvent at %s %d", self._group, stored.slot, stored.offset)
            return
        if delivery.replay_for not in ("", self._group):
            return
        for attempt in range(1, self._attempts + 1):
            try:
                await self._handler(delivery)
            except Exception as error:  # whatever a handler fails with, the next event waits
                if attempt == self._attempts:
                    await self._give_up(delivery, error)
                    return
                self._metrics.retries.labels(self._group).inc()
                await asyncio.sleep(self._backoff * 2 ** (attempt - 1))
            else:
                return

    async def _give_up(self, delivery: Delivery, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        logger.warning("%s gave up event %s: %s", self._group, delivery.id, type(error).__name__)
        letter = dead_letter(
            delivery,
            group=self._group,
            reason=reason,
            attempts=self._attempts,
            now=time.time(),
        )
        # on the log before the commit: an event is never neither handled nor put aside
        await self._log.publish([as_record(letter)])
        self._metrics.dead.labels(self._group).inc()


class Handled:
    """Which events a group has handled, kept in the same store as the effects."""

    def __init__(self, store: Store, group: str) -> None:
        self._store, self._group = store, group

    async def first_time(self, connection: AsyncConnection, delivery: Delivery) -> bool:
        """Note an event in the transaction of its effect; False when it was noted before."""
        identity = "\0".join((self._group, delivery.source, delivery.id))
        statement = (
            self._store.insert(handled_events)
            .values(
                digest=hashlib.sha256(identity.encode()).digest(),
                handled=int(time.time()),
            )
            .on_conflict_do_nothing()
            .returning(handled_events.c.digest)
        )
        return (await connection.execute(statement)).first() is not None
