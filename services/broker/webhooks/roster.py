"""Which webhooks follow the log together, and which are behind on a position of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.log import Position
from services.broker.webhooks.book import PUMP, followed
from services.broker.webhooks.tables import pump, webhooks
from services.broker.webhooks.webhook import Webhook, as_webhook

_LOOK_SECONDS: Final = 1.0
"""After which changes that another process made are found without being told."""

_NOTE_SECONDS: Final = 1.0


class Roster:
    """The active webhooks, as the one process that pumps knows them.

    What it changes it changes in the store first, and only where the store still says what the
    roster says: an owner may have asked for a replay meanwhile, and that stands.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.following: dict[str, Webhook] = {}
        self.behind: dict[str, Webhook] = {}
        self.position = Position()
        """Where those stand that follow together."""
        self.changed = asyncio.Event()
        self._looked = self._noted = 0.0
        self._version: tuple[int, float] = (-1, 0.0)
        self._wanting: dict[str, list[Webhook]] = {}

    async def load(self) -> None:
        """Read all of them, and the common position; as it is in the store."""
        self.changed.clear()
        async with self._store.read() as connection:
            self._version = await _version(connection)
            active = select(webhooks).where(webhooks.c.state == "active")
            found = [as_webhook(row) for row in await connection.execute(active)]
            self.position = self.position.merged(await followed(connection))
        self.following = {w.id: w for w in found if w.cursor is None}
        self.behind = {w.id: w for w in found if w.cursor is not None}
        self._wanting.clear()
        self._looked = time.monotonic()

    async def refresh(self) -> None:
        """Read them again when something has changed."""
        if not self.changed.is_set():
            if time.monotonic() - self._looked < _LOOK_SECONDS:
                return
            self._looked = time.monotonic()
            async with self._store.read() as connection:
                if await _version(connection) == self._version:
                    return
        await self.load()

    def wanting(self, type_: str) -> list[Webhook]:
        """Those that follow and want this type of event."""
        found = self._wanting.get(type_)
        if found is None:
            found = [webhook for webhook in self.following.values() if webhook.wants(type_)]
            self._wanting[type_] = found
        return found

    async def leave(self, connection: AsyncConnection, ids: Iterable[str]) -> None:
        """Let webhooks stay where the common position is now, while it goes on."""
        names = list(ids)
        which = and_(webhooks.c.id.in_(names), webhooks.c.cursor.is_(None))
        stay = update(webhooks).where(which).values(cursor=str(self.position))
        await connection.execute(stay)
        self.changed.set()  # read again before the next portion

    async def join(self, webhook: Webhook) -> None:
        """Have a webhook follow from here on, which has all that was before."""
        async with self._store.write() as connection:
            if await self._move(connection, webhook, None):
                await self._note(connection)
        self.changed.set()

    async def advance(self, connection: AsyncConnection, webhook: Webhook, to: Position) -> bool:
        """Move the own position of one that is behind; False when its owner has moved it."""
        return await self._move(connection, webhook, str(to))

    async def _move(self, connection: AsyncConnection, webhook: Webhook, to: str | None) -> bool:
        which = and_(
            webhooks.c.id == webhook.id,
            webhooks.c.state == "active",
            webhooks.c.cursor == str(webhook.cursor),
            webhooks.c.again_until == str(webhook.again_until),
        )
        moved = update(webhooks).where(which).values(cursor=to).returning(webhooks.c.id)
        return (await connection.execute(moved)).first() is not None

    async def note_sometimes(self) -> None:
        """Write the common position down, if that was not done a moment ago."""
        if self.following and time.monotonic() - self._noted > _NOTE_SECONDS:
            async with self._store.write() as connection:
                await self._note(connection)

    async def _note(self, connection: AsyncConnection) -> None:
        row = self._store.upsert(pump, name=PUMP, position=str(self.position))
        await connection.execute(row)
        self._noted = time.monotonic()


async def _version(connection: AsyncConnection) -> tuple[int, float]:
    query = select(func.count(), func.max(webhooks.c.updated))
    count, latest = (await connection.execute(query)).one()
    return int(count), float(latest or 0.0)
