"""What is known of each thing: its history, its track, and the entity as last seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.logistics.entities import entity_id, shipment
from connectors.logistics.events import Event, micros
from connectors.logistics.masterdata import Place
from connectors.logistics.store import Events, parts
from connectors.logistics.tables import Tables
from connectors.logistics.track import MOST_NESTING, History
from connectors.logistics.vocabulary import scheme
from schemas.logistics import Shipment


class Shipments:
    """The things that events have named."""

    def __init__(self, tables: Tables, events: Events) -> None:
        self._tables, self._events = tables, events

    async def history(self, connection: AsyncConnection, epcs: Iterable[str]) -> History:
        """All events that may tell of ``epcs``: theirs, and those of what they were packed in."""
        found: dict[str, Event] = {}
        asked: set[str] = set()
        wanted = set(epcs)
        for _ in range(MOST_NESTING + 1):
            if not wanted:
                break
            named = await self._events.naming(connection, wanted)
            found |= {event.id: event for event in named}
            asked |= wanted
            children = [event for event in named if wanted & set(event.things("child"))]
            wanted = {p for event in children for p in event.things("parent")} - asked
        return History(found.values())

    async def renew(
        self, connection: AsyncConnection, events: Sequence[Event]
    ) -> tuple[list[Shipment], list[str]]:
        """Bring the things that ``events`` tell of up to date.

        Returns:
            Those that changed, and the entity ids of those that nothing tells of any more (because
            the events that did are declared erroneous).
        """
        affected = await self._affected(connection, events)
        history = await self.history(connection, affected)
        places = await self._events.places(connection, history.places())
        now = await asyncio.to_thread(_states, sorted(affected), history, places)
        before = await self.bodies(connection, affected)
        changed = [item for item in now if before.get(item.epc) != _json(item)]
        gone = before.keys() - {item.epc for item in now}
        await self._write(connection, changed, gone, history)
        return changed, [entity_id(epc) for epc in sorted(gone)]

    async def _affected(self, connection: AsyncConnection, events: Sequence[Event]) -> set[str]:
        """What ``events`` name, and what is packed in it: the parent's moves are its moves too."""
        found = {epc for event in events for _, epc in event.roles}
        # news is of what is inside now; what comes late may be of anything that ever was
        inside = self._ever_inside if await self._late(connection, events) else self._inside
        level = found
        for _ in range(MOST_NESTING):
            level = await inside(connection, level) - found
            if not level:
                break
            found = found | level
        return found

    async def _late(self, connection: AsyncConnection, events: Sequence[Event]) -> bool:
        """Whether any event is not after all that is known of its things, or takes one back."""
        if any(event.declares_error for event in events):
            return True
        first: dict[str, int] = {}
        for event in events:
            for _, epc in event.roles:
                first[epc] = min(micros(event.time), first.get(epc, micros(event.time)))
        table = self._tables.shipments
        for part in parts(first):
            query = select(table.c.epc, table.c.observed).where(table.c.epc.in_(part))
            rows = (await connection.execute(query)).all()
            if any(first[row.epc] <= row.observed for row in rows):
                return True
        return False

    async def _inside(self, connection: AsyncConnection, epcs: set[str]) -> set[str]:
        table, found = self._tables.shipments, set[str]()
        for part in parts(epcs):
            query = select(table.c.epc).where(table.c.parent.in_(part))
            found |= {row.epc for row in await connection.execute(query)}
        return found

    async def _ever_inside(self, connection: AsyncConnection, epcs: set[str]) -> set[str]:
        packings = await self._events.naming(connection, epcs, "parent")
        return {epc for event in packings for epc in event.things("child")}

    async def contents(self, connection: AsyncConnection, epc: str) -> list[str]:
        """EPCs of what is packed in a thing now."""
        return sorted(await self._inside(connection, {epc}))

    async def bodies(self, connection: AsyncConnection, epcs: Iterable[str]) -> dict[str, str]:
        """EPC → the entity's key values as JSON text."""
        table = self._tables.shipments
        found: dict[str, str] = {}
        for part in parts(epcs):
            query = select(table.c.epc, table.c.body).where(table.c.epc.in_(part))
            found |= {row.epc: row.body for row in await connection.execute(query)}
        return found

    async def _write(
        self,
        connection: AsyncConnection,
        changed: Sequence[Shipment],
        gone: set[str],
        history: History,
    ) -> None:
        table = self._tables.shipments
        for part in parts([*(item.epc for item in changed), *gone]):
            await connection.execute(delete(table).where(table.c.epc.in_(part)))
        rows = [
            {
                "epc": item.epc,
                "scheme": scheme(item.epc),
                "observed": micros(item.observed_at) if item.observed_at else 0,
                "parent": history.parent(item.epc),
                "body": _json(item),
            }
            for item in changed
        ]
        if rows:
            await connection.execute(insert(table), rows)

    async def page(
        self, connection: AsyncConnection, kind: str | None, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Shipments, latest seen first, and how many there are."""
        table = self._tables.shipments
        query = select(table.c.body).order_by(table.c.observed.desc(), table.c.epc)
        count = select(func.count()).select_from(table)
        if kind:
            query, count = query.where(table.c.scheme == kind), count.where(table.c.scheme == kind)
        rows = await connection.execute(query.limit(limit).offset(offset))
        total = (await connection.execute(count)).scalar_one()
        return [orjson.loads(row.body) for row in rows], int(total)


def _states(epcs: Iterable[str], history: History, places: Mapping[str, Place]) -> list[Shipment]:
    return [found for epc in epcs if (found := shipment(epc, history, places))]


def _json(item: Shipment) -> str:
    return orjson.dumps(item.as_keyvalues()).decode()
