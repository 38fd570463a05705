"""Events in tables, and out again. Everything runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.logistics.events import Event, Role, micros
from connectors.logistics.masterdata import Place, of_geo_uri
from connectors.logistics.tables import Tables
from connectors.logistics.vocabulary import bare

T = TypeVar("T")


def parts(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Lists of at most ``size``: databases bound the parameters of one statement."""
    found = list(items)
    yield from (found[start : start + size] for start in range(0, len(found), size))


def row_of(event: Event, recorded: datetime) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "action": event.action,
        "time": micros(event.time),
        "recorded": micros(recorded),
        "step": bare(event.body.get("bizStep")),
        "disposition": bare(event.body.get("disposition")),
        "read_point": event.place("readPoint"),
        "location": event.place("bizLocation"),
        "error": event.declares_error,
        "fingerprint": event.fingerprint,
        "body": orjson.dumps(event.body).decode(),
        "context": orjson.dumps(event.context).decode(),
    }


def event_of(row: Row[Any]) -> Event:
    return Event(orjson.loads(row.body), tuple(orjson.loads(row.context)))


class Events:
    """The event log."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def known(
        self, connection: AsyncConnection, ids: Iterable[str]
    ) -> dict[str, tuple[bytes, bool | None]]:
        """Id → fingerprint, and whether it is declared erroneous, of the events that are stored."""
        table = self._tables.events
        found: dict[str, tuple[bytes, bool | None]] = {}
        for part in parts(ids):
            query = select(table.c.id, table.c.fingerprint, table.c.error)
            for row in await connection.execute(query.where(table.c.id.in_(part))):
                found[row.id] = (row.fingerprint, row.error)
        return found

    async def add(
        self, connection: AsyncConnection, events: Sequence[Event], recorded: datetime
    ) -> None:
        if not events:
            return
        await connection.execute(
            insert(self._tables.events), [row_of(event, recorded) for event in events]
        )
        named = [
            {"event": event.id, "role": role, "epc": epc}
            for event in events
            for role, epc in sorted(event.roles)
        ]
        if named:
            await connection.execute(insert(self._tables.things), named)

    async def declare_errors(self, connection: AsyncConnection, events: Sequence[Event]) -> None:
        """Replace stored events by the declarations that they were wrong."""
        table = self._tables.events
        for event in events:
            body = orjson.dumps(event.body).decode()
            change = update(table).where(table.c.id == event.id).values(error=True, body=body)
            await connection.execute(change)

    async def naming(
        self, connection: AsyncConnection, epcs: Iterable[str], role: Role | None = None
    ) -> list[Event]:
        """The events that name any of ``epcs``, in one role or in any."""
        events, things = self._tables.events, self._tables.things
        found: dict[str, Event] = {}
        for part in parts(epcs):
            named = select(things.c.event).where(things.c.epc.in_(part))
            if role:
                named = named.where(things.c.role == role)
            query = select(events).where(events.c.id.in_(named))
            for row in await connection.execute(query):
                event = event_of(row)
                found[event.id] = event
        return list(found.values())

    async def describe(self, connection: AsyncConnection, places: Iterable[Place]) -> None:
        """Keep what master data says of places; later says replace earlier ones."""
        table = self._tables.places
        latest = {place.id: place for place in places}
        for part in parts(latest.values()):
            await connection.execute(delete(table).where(table.c.id.in_([p.id for p in part])))
            rows = [
                {"id": p.id, "name": p.name, "latitude": p.latitude, "longitude": p.longitude}
                for p in part
            ]
            await connection.execute(insert(table), rows)

    async def places(self, connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Place]:
        """What is known of places, by master data or by their being ``geo:`` URIs."""
        table = self._tables.places
        wanted = set(ids)
        found = {id_: place for id_ in wanted if (place := of_geo_uri(id_))}
        for part in parts(wanted):
            for row in await connection.execute(select(table).where(table.c.id.in_(part))):
                found[row.id] = Place(row.id, row.name, row.latitude, row.longitude)
        return found
