"""An event stream over HTTP: Server-Sent Events (HTML Living Standard §9.2) with resume.

An event's ``id`` is a position in the log and not a number of this process: a reader may come back
to any broker process, after any restart, and goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from services.broker.events.binding import Delivery, as_delivery
from services.broker.events.fanout import Fanout, Stream
from services.broker.log import EventLog, Position, Reader

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 15.0
_PORTION: Final = 200
_OPENING: Final = b": events follow\nretry: 1000\n\n"
_HEARTBEAT: Final = b": still here\n\n"


def frame(delivery: Delivery) -> bytes:
    """One event as the stream has it."""
    head = f"id: {delivery.position}\nevent: {delivery.type}\ndata: ".encode()
    return head + delivery.json + b"\n\n"


class StreamResponse(StreamingResponse):
    """An event stream's answer that does not wait for ever for a reader who takes nothing.

    Args:
        patience: seconds for one piece; then the connection is closed, and the reader resumes.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], *, patience: float = 30.0) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(frames, headers=headers)
        self._patience = patience

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._patience):
                await send(message)

        try:
            await super().stream_response(in_time)
        except TimeoutError:
            logger.info("a stream was closed: its reader took nothing for %s s", self._patience)


class EventStream:
    """The way of one reader: first what it missed, from the log; then what comes, live.

    Args:
        live: takes what comes, and says what belongs in it.
        until: seconds since the epoch; when ``clock`` says so, the stream ends.
    """

    def __init__(
        self,
        log: EventLog,
        fanout: Fanout,
        topics: tuple[str, ...],
        live: Stream,
        *,
        until: float = math.inf,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._fanout, self._topics, self._live = log, fanout, topics, live
        self._until, self._clock = until, clock
        self._seen = Position()

    async def frames(
        self, after: Position | None, *, heartbeat: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[bytes]:
        """The stream's bytes, until the reader goes, is cut, or the broker stops.

        Args:
            after: the last event that the reader has; None for only what is to come.
            heartbeat: seconds of silence after which a comment shows that the stream lives.
        """
        live = self._live
        if after is None:
            self._fanout.join(live)  # before the first byte: what is said after it, is heard
        yield _OPENING
        try:
            if after is not None:
                async for missed in self._missed(after, live):
                    yield missed
            while not self._over():
                left = max(0.0, self._until - self._clock())
                taken = await live.take(min(heartbeat, left))
                fresh = [frame(d) for d in taken if d.offset >= self._seen.at(d.slot)]
                if fresh or not live.ended:
                    yield b"".join(fresh) or _HEARTBEAT
            yield f": the stream ends: {live.ended}; come back with your last id\n\n".encode()
        finally:
            self._fanout.leave(live)

    async def _missed(self, after: Position, live: Stream) -> AsyncIterator[bytes]:
        reader = await self._log.reader(self._topics, after)
        try:
            while not (self._over() or self._caught_up(reader, live)):
                position = reader.position
                batch = await reader.read(limit=_PORTION, wait=0.2)
                frames = []
                for stored in batch.records:
                    position = stored.after(position)
                    delivery = as_delivery(stored, position)
                    if delivery and (seen := live.view(delivery)):
                        frames.append(frame(seen))
                yield b"".join(frames) or _HEARTBEAT
        finally:
            await reader.close()

    def _over(self) -> bool:
        """Whether nothing more may be handed out; a token that ends, ends its stream."""
        if self._clock() >= self._until:
            self._live.end("its token has ended")
        return bool(self._live.ended)

    def _caught_up(self, reader: Reader, live: Stream) -> bool:
        """Joins the live events at the moment when nothing lies between (no await in here)."""
        if not reader.has_seen(self._fanout.position):
            return False
        self._seen = reader.position
        self._fanout.join(live)
        return True
