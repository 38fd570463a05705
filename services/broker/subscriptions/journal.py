"""Changes that somebody may want to hear of, kept until they are matched.

A change is noted in its own transaction, so none is lost, and told later, so none waits for those
who are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.bulk import insert_many
from services.broker.context.rows import Change
from services.broker.subscriptions.changes import EntityChange, dumped, loaded, noted
from services.broker.subscriptions.index import Index
from services.broker.subscriptions.tables import subscription_changes


@dataclass(frozen=True, slots=True)
class Noted:
    """What changed together.

    Attributes:
        version: of the subscriptions that there were then: those that came later are not told.
    """

    row: int
    tenant: str
    version: int
    changes: list[EntityChange]


class Journal:
    """Written by every process that changes entities, read by the one that tells of them."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._bell = asyncio.Event()

    async def note(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Sequence[Change]], now: str
    ) -> None:
        """Keep those changes that any subscription is about, in the transaction of the change.

        Args:
            done: those of each request by themselves; they are told of together.
        """
        table = await self._index.current(connection)
        if not table.all:
            return
        rows = []
        for changes in done:
            found = [noted(change, now) for change in changes]
            found = [change for change in found if table.concerns_anybody(tenant, change)]
            if found:
                row = {"tenant": tenant, "version": table.version, "changes": dumped(found)}
                rows.append(row)
        await insert_many(connection, subscription_changes, rows)

    def wake(self) -> None:
        """Say that a transaction with changes is committed."""
        self._bell.set()

    async def rest(self, seconds: float) -> bool:
        """Wait for a change of this process, at most so long; whether there was one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        woken = self._bell.is_set()
        self._bell.clear()
        return woken

    async def read(self, connection: AsyncConnection, limit: int) -> list[Noted]:
        """The oldest that are kept, in order."""
        query = select(subscription_changes).order_by(subscription_changes.c.row).limit(limit)
        rows = (await connection.execute(query)).all()
        return [_noted(row) for row in rows]

    async def waiting(self, connection: AsyncConnection) -> int:
        """How many are kept."""
        count = select(func.count()).select_from(subscription_changes)
        return int((await connection.execute(count)).scalar_one())

    async def forget(self, connection: AsyncConnection, rows: Sequence[int]) -> None:
        await connection.execute(
            delete(subscription_changes).where(subscription_changes.c.row.in_(rows))
        )


def _noted(row: Row[Any]) -> Noted:
    return Noted(row.row, row.tenant, row.version, loaded(row.changes))
