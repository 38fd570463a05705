"""What a connector tells the rest of the city, held safely until the broker has taken it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.cloudevents import CloudEvent
from schemas.kit.broker_sink import entity_message, event_message, gone_message
from schemas.kit.outbox import Message, Outbox, Sink, outbox_table
from schemas.kit.store import Store
from schemas.ngsild import Entity


def publisher_tables(metadata: MetaData) -> tuple[Table, Table]:
    """The tables a publisher needs, to be declared beside the connector's own."""
    published = Table(
        "published",
        metadata,
        Column("feed", String(80), primary_key=True),
        Column("entity_id", String(512), primary_key=True),
        Column("digest", LargeBinary(32), nullable=False),
    )
    return outbox_table(metadata), published


class Publisher:
    """Publishes a connector's entities and events through its outbox.

    Entities are states: only what differs from what was last said of a feed is said, and what a
    feed no longer has is said to be gone. Events are happenings: each is said once.
    """

    def __init__(self, store: Store, tables: tuple[Table, Table], sink: Sink) -> None:
        self._store = store
        self._published = tables[1]
        self.outbox = Outbox(store, tables[0], sink)

    async def state(self, feed: str, entities: Iterable[Entity]) -> int:
        """The feed now has exactly these entities; returns how many differ from before."""
        said = {entity.id: entity for entity in entities}
        async with self._store.write() as connection:
            await self._store.serialise(connection, f"published/{feed}")
            changed = await self._difference(connection, feed, said)
        self.outbox.wake()
        return changed

    async def _difference(
        self, connection: AsyncConnection, feed: str, now: dict[str, Entity]
    ) -> int:
        table = self._published
        rows = await connection.execute(
            select(table.c.entity_id, table.c.digest).where(table.c.feed == feed)
        )
        before = {row.entity_id: row.digest for row in rows}
        messages = [entity_message(entity) for entity in now.values()]
        digests = {message.key: sha256(message.body).digest() for message in messages}
        changed = [m for m in messages if before.get(m.key) != digests[m.key]]
        gone = [gone_message(entity_id) for entity_id in before.keys() - now.keys()]
        await self._remember(connection, feed, {m.key: digests[m.key] for m in changed}, gone)
        await self.outbox.add(connection, [*changed, *gone], latest=True)
        return len(changed) + len(gone)

    async def _remember(
        self,
        connection: AsyncConnection,
        feed: str,
        changed: dict[str, bytes],
        gone: Iterable[Message],
    ) -> None:
        table = self._published
        stale = [*changed, *(message.key for message in gone)]
        for start in range(0, len(stale), 500):
            part = stale[start : start + 500]
            await connection.execute(
                delete(table).where(table.c.feed == feed, table.c.entity_id.in_(part))
            )
        if changed:
            rows = [{"feed": feed, "entity_id": i, "digest": d} for i, d in changed.items()]
            await connection.execute(insert(table), rows)

    async def say(
        self,
        connection: AsyncConnection,
        *,
        events: Iterable[CloudEvent] = (),
        entities: Iterable[Entity] = (),
    ) -> None:
        """Say events and single entities in the caller's transaction, with the fact itself.

        Call ``publisher.outbox.wake()`` after the commit, or they wait up to a second.
        """
        await self.outbox.add(connection, map(entity_message, entities), latest=True)
        await self.outbox.add(connection, map(event_message, events))
