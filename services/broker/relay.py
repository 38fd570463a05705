"""From the outbox to the log."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.kit.message import Message
from services.broker.events.binding import as_record
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
