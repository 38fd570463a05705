"""From the outbox to the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from schemas.kit.message import Message
from services.broker.events.binding import as_record
from services.broker.log import EventLog, Topic
from services.broker.metrics import Metrics


class LogSink:
    """The outbox's sink: topics are there before the first record, then records in order.

    Args:
        topics: those that the broker always has.
        look: finds topics that another process has registered, and has :meth:`know` told them.
    """

    def __init__(
        self,
        log: EventLog,
        topics: Sequence[Topic],
        metrics: Metrics,
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self._log, self._metrics, self._look = log, metrics, look
        self._own, self._all = topics, list(topics)
        self._topics, self._ensured = {topic.name for topic in topics}, False

    def know(self, topics: Sequence[Topic]) -> None:
        """There are these topics too."""
        found = [*self._own, *topics]
        if found != self._all:
            self._all, self._ensured = found, False
            self._topics = {topic.name for topic in found}

    async def __call__(self, messages: list[Message]) -> None:
        if not all(message.channel in self._topics for message in messages):
            await self._look()
        if not self._ensured:
            topics = self._all
            await self._log.ensure(topics)
            self._ensured = topics is self._all
        await self._log.publish([as_record(message) for message in messages])
        for channel, count in Counter(message.channel for message in messages).items():
            self._metrics.published.labels(channel).inc(count)
