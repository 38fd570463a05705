"""Readers kept open between two fetches of a group: opening one costs a Kafka client much more."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.broker.log import EventLog, LogUnavailable, Position, Reader

_MOST_OPEN: Final = 32

_Key = tuple[str, tuple[str, ...]]


class Readers:
    """The least recently used is closed when there are too many.

    Only a speed-up: each use says where to read from, so a reader may be thrown away at any time.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._idle: OrderedDict[_Key, Reader] = OrderedDict()

    @asynccontextmanager
    async def at(
        self, name: str, topics: tuple[str, ...], after: Position
    ) -> AsyncIterator[Reader]:
        """A reader of ``topics`` that stands at ``after``, for one user at a time."""
        key = (name, topics)
        reader = self._idle.pop(key, None)
        if reader is None:
            reader = await self._log.reader(topics, after)
        try:
            if reader.position != after:
                await reader.seek(after)
            yield reader
        except (LogUnavailable, asyncio.CancelledError):
            await reader.close()  # in the middle of something: not to be used again
            raise
        except BaseException:
            await self._keep(key, reader)
            raise
        await self._keep(key, reader)

    async def _keep(self, key: _Key, reader: Reader) -> None:
        replaced = self._idle.pop(key, None)
        self._idle[key] = reader
        if replaced:
            await replaced.close()
        if len(self._idle) > _MOST_OPEN:
            _, oldest = self._idle.popitem(last=False)
            await oldest.close()

    async def close(self) -> None:
        while self._idle:
            _, reader = self._idle.popitem()
            await reader.close()
