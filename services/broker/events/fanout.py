"""One reader of the log for all open streams: each event is read once and handed to each stream.

A stream that does not keep up is cut, never waited for: it holds up nobody, and comes back with
the id of the last event that it got.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from services.broker.consent.standing import NOBODYS, Standing
from services.broker.events.binding import Delivery, as_delivery
from services.broker.log import Batch, EventLog, LogUnavailable, Position, Reader, Stored, Topic
from services.broker.metrics import Metrics
from services.broker.registry.audience import Consumer

logger = logging.getLogger(__name__)

_PORTION: Final = 100
"""Few enough that a stream's reader can take one portion while the next is read: a burst must not
look like a slow reader."""

_WAIT_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.5

View = Callable[[Delivery], Delivery | None]
"""An event as a reader gets it; None when it is not for that reader."""


class Stream:
    """One reader's queue.

    Args:
        view: what its reader gets of an event.
        client: whose it is.
        standing: under what its reader receives.
        include: whether it is open for an event type, whatever the single event says.
        most_events, most_bytes: what it holds before its reader counts as too slow.
    """

    def __init__(
        self,
        view: View,
        *,
        client: str = "",
        standing: Standing = NOBODYS,
        include: Callable[[str], bool] = lambda _: False,
        most_events: int = 1000,
        most_bytes: int = 4_194_304,
    ) -> None:
        self.view, self.client, self.include = view, client, include
        self.standing = standing
        self._most_events, self._most_bytes = most_events, most_bytes
        self._queue: deque[Delivery] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self.ended = ""
        """Why nothing more will come; empty while more may."""

    def offer(self, delivery: Delivery) -> bool:
        """Queue an event if it belongs here; whether it did."""
        seen = None if self.ended else self.view(delivery)
        if seen is None:
            return False
        self._queue.append(seen)
        self._bytes += len(seen.json)
        self._ready.set()
        if len(self._queue) > self._most_events or self._bytes > self._most_bytes:
            self.end("too slow")
        return True

    def end(self, why: str) -> None:
        self.ended = self.ended or why
        self._queue.clear()
        self._bytes = 0
        self._ready.set()

    async def take(self, timeout: float) -> list[Delivery]:
        """What has come; nothing after ``timeout`` seconds, or when the stream has ended."""
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError:
            return []
        taken = list(self._queue)
        self._queue.clear()
        self._bytes = 0
        if not self.ended:
            self._ready.clear()
        return taken


class Fanout:
    """The reader, and the streams that it feeds."""

    def __init__(self, log: EventLog, topics: Sequence[Topic], metrics: Metrics) -> None:
        self._log, self._metrics = log, metrics
        self._own, self.topics = topics, list(topics)
        self._others = asyncio.Event()
        self._streams: set[Stream] = set()
        self._task: asyncio.Task[None] | None = None
        self.position = Position()
        self.following = asyncio.Event()
        """Set once :attr:`position` is known."""

    def know(self, topics: Sequence[Topic]) -> None:
        """Follow these topics too; events that are in them already are handed out."""
        before, self.topics = self.topics, [*self._own, *topics]
        if self.topics != before:
            self._others.set()

    @property
    def open_streams(self) -> int:
        return len(self._streams)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="fanout")

    def end_streams(self) -> None:
        """Tell every reader to come back, to another process or later."""
        self.cut(lambda _: True, "the broker is stopping")

    def cut(self, which: Callable[[Standing], bool], why: str) -> int:
        """End the streams of some standings, with all that waits in them; how many there were."""
        chosen = [one for one in self._streams if not one.ended and which(one.standing)]
        for stream in chosen:
            stream.end(why)
        return len(chosen)

    def standings(self) -> list[Standing]:
        """Under what the streams open here receive."""
        return [stream.standing for stream in self._streams]

    async def stop(self) -> None:
        self.end_streams()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def join(self, stream: Stream) -> None:
        """Give ``stream`` everything behind :attr:`position` as it is now."""
        self._streams.add(stream)
        self._metrics.streams.set(len(self._streams))

    def leave(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._metrics.streams.set(len(self._streams))

    async def audience(self, type_: str) -> list[Consumer]:
        """The clients with a stream open here to which an event of this type would go."""
        return [Consumer(s.client, "stream") for s in self._streams if s.include(type_)]

    async def _run(self) -> None:
        failed = False
        while True:
            try:
                await self._follow()
            except Exception as error:
                # whatever it is, the streams are not to fall silent for ever
                if not failed:
                    known = isinstance(error, LogUnavailable)
                    logger.warning(
                        "streams wait for the log: %s", error, exc_info=None if known else error
                    )
                failed = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self) -> None:
        """Hand out what comes, until there are other topics to follow."""
        self._others.clear()
        await self._log.ensure(self.topics)
        names = [topic.name for topic in self.topics]
        if not self.following.is_set():
            self.position = await self._log.end(names)
            self.following.set()
        reader = await self._log.reader(names, self.position, following=True)
        feeding = asyncio.create_task(self._feed(reader), name="fanout-feed")
        changed = asyncio.create_task(self._others.wait(), name="fanout-topics")
        try:
            await asyncio.wait((feeding, changed), return_when=asyncio.FIRST_COMPLETED)
            if feeding.done():
                feeding.result()
        finally:
            for task in (feeding, changed):
                task.cancel()
            await asyncio.gather(feeding, changed, return_exceptions=True)
            await reader.close()

    async def _feed(self, reader: Reader) -> None:
        while True:
            batch = await reader.read(limit=_PORTION, wait=_WAIT_SECONDS)
            for stored in batch.records:
                self._hand_out(stored)
            self._note_lag(batch)
            await asyncio.sleep(0)  # the streams' turn, also when the next portion is here already
            self.position = self.position.merged(batch.position)

    def _note_lag(self, batch: Batch) -> None:
        times = dict(batch.records[-1].record.headers) if batch.records else {}
        if said := times.get("ce_time"):
            with suppress(ValueError, TypeError):  # others may write anything to the topics
                age = datetime.now(UTC) - datetime.fromisoformat(said)
                self._metrics.tail_lag.set(max(0.0, age.total_seconds()))

    def _hand_out(self, stored: Stored) -> None:
        self.position = stored.after(self.position)
        if not self._streams:
            return
        delivery = as_delivery(stored, self.position)
        if delivery is None:
            logger.warning("no CloudEvent at %s %d", stored.slot, stored.offset)
            return
        for stream in tuple(self._streams):
            self._metrics.streamed.inc(stream.offer(delivery))
            if stream.ended:
                self._metrics.cut.inc()
                self.leave(stream)
