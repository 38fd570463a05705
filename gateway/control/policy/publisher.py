"""Keeps the newest snapshot ready and wakes those who wait for the next.

What the policy is made of lies in the store. A change raises the number in the ``changes`` table in
its own transaction; the process that made it rebuilds at once, the others within ``POLL`` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.clock import seconds
from gateway.control.policy.collector import Collector, Published, read_number
from schemas.kit.store import Store

logger = logging.getLogger(__name__)

POLL: Final = 0.5
_REBUILD_AT_LEAST: Final = 30  # seconds: keys begin, retire, and revocations expire by the clock


@dataclass(slots=True)
class Publisher:
    """Args:
    store: where the policy's parts are.
    collector: makes a policy of them.
    """

    store: Store
    collector: Collector
    waiting: int = 0
    """How many wait for the next policy at the moment."""
    _published: Published | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _closed: bool = False

    @property
    def current(self) -> Published:
        if self._published is None:
            raise RuntimeError("the policy is read before the first one was built")
        return self._published

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes the policy, and tells the other processes so.

        The number is raised first: its row is the lock that puts such transactions of several
        processes in a row, so that "add it unless it is there" means what it says.
        """
        async with self.store.write() as connection:
            await _note_change(connection)
            yield connection

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncConnection]:
        """Such a transaction; when it ends, the new policy is published."""
        async with self.transaction() as connection:
            yield connection
        await self.refresh()

    async def refresh(self) -> None:
        """Rebuild from the store and wake the waiting if anything is different."""
        async with self._refreshing:
            async with self.store.read() as connection:
                built = await self.collector.collect(connection)
            previous, self._published = self._published, built
        if previous is None or previous.revision != built.revision:
            logger.info("policy %s: %d routes", built.revision, len(built.snapshot["routes"]))
            async with self._changed:
                self._changed.notify_all()

    async def wait(self, revision: str, timeout: float) -> Published:
        """The newest policy, as soon as it is another than ``revision`` or time is up."""
        self.waiting += 1
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(
                    lambda: self._closed or self.current.revision != revision
                )
        except TimeoutError:
            pass  # nothing changed in time, and that is an answer too
        finally:
            self.waiting -= 1
        return self.current

    async def close(self) -> None:
        """Let all who wait go."""
        self._closed = True
        async with self._changed:
            self._changed.notify_all()

    async def run(self) -> None:
        """Notice what other processes changed, and what time changes. Runs until cancelled."""
        while True:
            await asyncio.sleep(POLL)
            try:
                await self._catch_up()
            except Exception as error:
                # the policy in force stays in force; cores keep it too
                logger.warning("the policy cannot be read at the moment: %r", error)

    async def _catch_up(self) -> None:
        async with self.store.read() as connection:
            number = await read_number(connection)
        stale = seconds(self.collector.clock) - self.current.built >= _REBUILD_AT_LEAST
        if number != self.current.number or stale:
            await self.refresh()


async def _note_change(connection: AsyncConnection) -> None:
    """Say, within a transaction, that it changes the policy."""
    table = tables.changes
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    first = dialect.insert(table).values(id=1, number=1)
    await connection.execute(
        first.on_conflict_do_update(index_elements=["id"], set_={"number": table.c.number + 1})
    )
