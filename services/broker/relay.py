"""From the outbox to the log, by one process at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.kit.outbox import Message, Outbox
from services.broker.events.binding import as_record
from services.broker.exclusive import Exclusive
from services.broker.log import EventLog, Topic
from services.broker.metrics import Metrics


class LogSink:
    """The outbox's sink: topics are there before the first record, then records in order."""

    def __init__(self, log: EventLog, topics: Sequence[Topic], metrics: Metrics) -> None:
        self._log, self._topics, self._metrics = log, topics, metrics
        self._ensured = False

    async def __call__(self, messages: list[Message]) -> None:
        if not self._ensured:
            await self._log.ensure(self._topics)
            self._ensured = True
        await self._log.publish([as_record(message) for message in messages])
        for message in messages:
            self._metrics.published.labels(message.channel).inc()


class SharedOutbox(Outbox):
    """An outbox that several processes fill and one at a time empties.

    Two relays at once would say everything twice and break the order of what they say.
    """

    def __init__(self, *args: Any, turn: Exclusive, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turn = turn

    async def relay_once(self) -> bool:
        return await self._turn.hold() and await super().relay_once()

    async def stop(self) -> None:
        await super().stop()
        await self._turn.release()
