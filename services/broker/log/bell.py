"""Wakes who waits for a change that any process may have made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.broker.log.base import LogUnavailable

logger = logging.getLogger(__name__)


class Bell:
    """Rings at once for changes of this process, soon for those of others; never misses one.

    A waiter notes :attr:`rings`, looks, and waits with what it noted: a ring in between ends the
    wait before it began.

    Args:
        version: a number that changes whenever anybody has changed the data.
        interval: seconds between two looks at it, made only while somebody waits.
    """

    def __init__(self, version: Callable[[], Awaitable[int]], interval: float) -> None:
        self._version, self._interval = version, interval
        self._seen = -1  # kept between waits, so that a change before a wait is seen in it
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def wait(self, heard: int, timeout: float) -> None:
        """Return when it rang since ``heard``, or after ``timeout`` seconds."""
        if self.rings != heard:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        self._look()
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return
        finally:
            self._waiting.discard(waiter)

    def _look(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_while_waited_for(), name="log-bell")

    async def _look_while_waited_for(self) -> None:
        while self._waiting:
            try:
                version = await self._version()
            except LogUnavailable as error:
                logger.warning("cannot look for new records: %s", error)
                version = self._seen
            if version != self._seen:
                self._seen = version
                self.ring()
            await asyncio.sleep(self._interval)

    async def close(self) -> None:
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
