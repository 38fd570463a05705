"""Webhooks that are behind: new ones, slow ones, and those that are replayed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.consent.gate import Gate
from services.broker.delivery import Deliveries, Delivery
from services.broker.events.readers import Readers
from services.broker.log import Batch, EventLog, Position
from services.broker.webhooks.messages import Outgoing, outgoing
from services.broker.webhooks.roster import Roster
from services.broker.webhooks.webhook import Webhook

MOST_WAITING: Final = 1000
"""Messages that wait for one webhook in the store; the rest waits on the log."""

_PORTION: Final = 200
_READ_SECONDS: Final = 0.2
_REST_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 1.0
_READER: Final = "webhooks"


class CatchUp:
    """Brings those that are behind to where the others are.

    One portion of the log serves all that stand at its beginning or further on: a thousand new
    webhooks cost one reading.

    Args:
        lock: held by whoever moves webhooks or the common position.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        deliveries: Deliveries,
        roster: Roster,
        lock: asyncio.Lock,
        broker: Callable[[], str],
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._store, self._deliveries, self._roster = store, deliveries, roster
        self._lock, self._broker = lock, broker
        self._readers = Readers(log)
        self._served: defaultdict[str, int] = defaultdict(int)  # when each was, in turns

    async def run(self, topics: Sequence[str], still: Callable[[], bool]) -> None:
        """Work until cancelled.

        Args:
            still: whether these are all the topics that there are.
        """
        try:
            while True:
                if not await self._one(tuple(topics), still):
                    await self._rest()
        finally:
            await self._readers.close()

    async def _rest(self) -> None:
        """Wait until somebody has room again; where nobody is behind, until somebody may be."""
        if self._roster.behind:
            await asyncio.sleep(_REST_SECONDS)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._roster.changed.wait()

    async def _one(self, topics: tuple[str, ...], still: Callable[[], bool]) -> bool:
        """Serve the one that was served longest ago; False when nobody is to be served."""
        async with self._lock:
            await self._roster.refresh()
            with_room = await self._with_room()
            if not with_room:
                return False
            first = min(with_room, key=lambda one: self._served[one.id])
            start = _cursor(first)
            self._served[first.id] = max(self._served.values()) + 1
            if start.reaches(self._roster.position):
                await self._roster.join(first)
                return True
        async with self._readers.at(_READER, topics, start) as reader:
            batch = await reader.read(limit=_PORTION, wait=_READ_SECONDS)
        async with self._lock:
            if still():  # else what was read may have passed over a new topic
                await self._bring(start, batch)
        return True

    async def _with_room(self) -> list[Webhook]:
        behind = self._roster.behind
        if not behind:
            return []
        async with self._store.read() as connection:
            names = [webhook.endpoint for webhook in behind.values()]
            waiting = await self._deliveries.queue.waiting(connection, names)
        most = MOST_WAITING - _PORTION
        return [one for one in behind.values() if waiting.get(one.endpoint, 0) <= most]

    async def _bring(self, start: Position, batch: Batch) -> None:
        with_room = sorted(await self._with_room(), key=lambda one: one.endpoint)
        served = [one for one in with_room if _cursor(one).reaches(start)]
        messages = [(stored, outgoing(stored, self._broker())) for stored in batch.records]
        async with self._store.write() as connection:
            for webhook in served:
                cursor = _cursor(webhook)
                if not await self._roster.advance(
                    connection, webhook, cursor.merged(batch.position)
                ):
                    continue
                new = [
                    (message, stored.offset < webhook.again_until.at(stored.slot))
                    for stored, message in messages
                    if message and stored.offset >= cursor.at(stored.slot)
                ]
                await self._enqueue(connection, webhook, new)
        self._roster.changed.set()
        self._deliveries.wake()

    async def _enqueue(
        self, connection: AsyncConnection, webhook: Webhook, new: Sequence[tuple[Outgoing, bool]]
    ) -> None:
        for again in (True, False):
            wanted: list[Delivery] = [
                delivery
                for message, repeated in new
                if repeated == again and (delivery := message.to(webhook, self._gate))
            ]
            if wanted:
                await self._deliveries.queue.enqueue(connection, wanted, again=again)


def _cursor(webhook: Webhook) -> Position:
    return webhook.cursor or Position()
