"""From the log to the webhooks: who keeps up follows together, who does not reads for itself.

One process at a time pumps. It notes its position now and then: when it dies, the next one reads
the last second again, and what is written down already is not written twice. A webhook for which
much waits already leaves the common position and keeps one of its own: nothing piles up for a
receiver that is away, the log has it. A replay is nothing else: a webhook with a position of its
own, further back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.exclusive import exclusive
from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.delivery import Deliveries, Delivery
from services.broker.log import Batch, EventLog, Topic
from services.broker.webhooks.catchup import MOST_WAITING, CatchUp
from services.broker.webhooks.messages import outgoing, type_of
from services.broker.webhooks.roster import Roster
from services.broker.webhooks.webhook import id_of

logger = logging.getLogger(__name__)

_PORTION: Final = 200
_WAIT_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.5


class Over(Exception):
    """Another process pumps now, or there are other topics to read."""


class Pump:
    """Brings events from the log into the delivery engine.

    Args:
        topics: where city events are.
        broker: the broker's id.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        deliveries: Deliveries,
        topics: Callable[[], Sequence[Topic]],
        broker: Callable[[], str],
        gate: Gate,
    ) -> None:
        self._store, self._log, self._deliveries, self._gate = store, log, deliveries, gate
        self._topics, self._broker = topics, broker
        self._turn = exclusive(store, "webhooks")
        self._roster = Roster(store)
        self._lock = asyncio.Lock()
        self._catch_up = CatchUp(store, log, deliveries, self._roster, self._lock, broker, gate)
        self._unchecked: Counter[str] = Counter()  # messages since last counted, by endpoint
        self._task: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """A webhook was created, changed or deleted."""
        self._roster.changed.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="webhooks")

    async def stop(self) -> None:
        """Stop; the next start, or another process, goes on where this one was."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._turn.release()

    async def _run(self) -> None:
        failed = False
        while True:
            try:
                if await self._turn.hold():
                    await self._pump()
            except Exception as error:
                # whatever it is, webhooks are not to fall silent for ever
                if not failed and not isinstance(_first(error), Over):
                    logger.warning("webhooks wait: %r", _first(error))
                failed = not isinstance(_first(error), Over)
            else:
                failed = False
            await asyncio.sleep(_RETRY_SECONDS)

    async def _pump(self) -> None:
        topics = self._topics()
        names = [topic.name for topic in topics]
        await self._log.ensure(topics)
        await self._roster.load()
        if not self._roster.following:
            self._roster.position = await self._log.end(names)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(names))
            group.create_task(self._catch_up.run(names, lambda: self._are_all(names)))

    async def _follow(self, names: Sequence[str]) -> None:
        reader = await self._log.reader(names, self._roster.position, following=True)
        try:
            while await self._turn.hold():
                batch = await reader.read(limit=_PORTION, wait=_WAIT_SECONDS)
                if not self._are_all(names):
                    break  # what was read may have passed over a new topic: read it again
                async with self._lock:
                    await self._roster.refresh()
                    await self._hand_out(batch)
        finally:
            await reader.close()
        raise Over

    def _are_all(self, names: Sequence[str]) -> bool:
        return names == [topic.name for topic in self._topics()]

    async def _hand_out(self, batch: Batch) -> None:
        position = self._roster.position.merged(batch.position)
        # what nobody wants is not even looked into
        of_interest = [s for s in batch.records if self._roster.wanting(type_of(s))]
        messages = [outgoing(stored, self._broker()) for stored in of_interest]
        wanted = [
            delivery
            for message in messages
            if message
            for webhook in self._roster.wanting(message.type)
            if (delivery := message.to(webhook, self._gate))
        ]
        if wanted:
            await self._enqueue(wanted)
        if position != self._roster.position:
            self._roster.position = position
            await self._roster.note_sometimes()

    async def _enqueue(self, wanted: Sequence[Delivery]) -> None:
        self._unchecked.update(delivery.endpoint for delivery in wanted)
        async with self._store.write() as connection:
            full = await self._full(connection)
            if full:
                await self._roster.leave(connection, map(id_of, full))
            fresh = [delivery for delivery in wanted if delivery.endpoint not in full]
            handover = await self._deliveries.enqueue(connection, fresh)
        self._deliveries.begin(handover)

    async def _full(self, connection: AsyncConnection) -> set[str]:
        """For whom too much waits; counted only after some more has come, as it is not free."""
        names = [n for n, count in self._unchecked.items() if count > MOST_WAITING // 10]
        if not names:
            return set()
        for name in names:
            del self._unchecked[name]
        waiting = await self._deliveries.queue.waiting(connection, names)
        return {name for name, count in waiting.items() if count >= MOST_WAITING}


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
