"""Reading what was captured: events by query, shipments, tracks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.logistics import query
from connectors.logistics.entities import entity_id, place_of, point
from connectors.logistics.events import Event, Role
from connectors.logistics.masterdata import Place
from connectors.logistics.models import SightingView, TrackView
from connectors.logistics.shipments import Shipments
from connectors.logistics.store import Events, event_of
from connectors.logistics.tables import Tables
from connectors.logistics.track import History, Sighting
from connectors.logistics.vocabulary import URI, bare
from schemas.kit.store import Store
from schemas.problem import NotFound

MOST_BYTES: Final = 8 * 1024 * 1024


class Reading:
    """Reads one store."""

    def __init__(self, store: Store, tables: Tables, events: Events, shipments: Shipments) -> None:
        self._store, self._tables = store, tables
        self._events, self._shipments = events, shipments

    async def events(
        self, parameters: Mapping[str, Iterable[str]], after: str | None, limit: int
    ) -> tuple[list[Event], str | None]:
        """A page of events, and the token of the next if there is one.

        A page ends before ``limit`` where its events would be more than :data:`MOST_BYTES`.
        """
        statement = query.build(self._tables, parameters, after, limit + 1)
        page: list[Row[Any]] = []
        size, token = 0, None
        async with self._store.read(streams=True) as connection:
            async for row in await connection.stream(statement):
                size += len(row.body)
                if page and (len(page) == limit or size > MOST_BYTES):
                    token = query.token(page[-1].time, page[-1].id)
                    break
                page.append(row)
        return [event_of(row) for row in page], token

    async def event(self, name: str) -> Event:
        """One event; NotFound when there is none of this id."""
        table, candidates = self._tables.events, spellings(name)
        query = select(table).where(table.c.id.in_(candidates))
        async with self._store.read() as connection:
            rows = {row.id: row for row in await connection.execute(query)}
        for id_ in candidates:
            if id_ in rows:
                return event_of(rows[id_])
        raise NotFound("There is no event of this id.")

    async def shipments(
        self, scheme: str | None, limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        async with self._store.read() as connection:
            return await self._shipments.page(connection, scheme, limit, offset)

    async def shipment(self, name: str) -> dict[str, Any]:
        """A thing as last seen, by its EPC or the id of its entity; NotFound when nobody saw it."""
        async with self._store.read() as connection:
            _, body = await self._find(connection, name)
        return body

    async def _find(self, connection: AsyncConnection, name: str) -> tuple[str, dict[str, Any]]:
        candidates = spellings(name.removeprefix(entity_id("")))
        bodies = await self._shipments.bodies(connection, candidates)
        for epc in candidates:
            if epc in bodies:
                return epc, orjson.loads(bodies[epc])
        raise NotFound("No event has named this thing.")

    async def track(self, name: str, limit: int) -> TrackView:
        """Where a thing has been; its latest ``limit`` sightings.

        Raises:
            NotFound: no event has named it.
        """
        async with self._store.read() as connection:
            epc, _ = await self._find(connection, name)
            history = await self._shipments.history(connection, [epc])
            sightings = history.track(epc)
            inside = await self._shipments.contents(connection, epc)
            last = sightings[-limit:]
            places = await self._events.places(connection, _place_ids(last))
        return TrackView(
            epc=epc,
            contained_in=history.parent(epc),
            contains=inside,
            made_from=_across(history, epc, "output", "input"),
            made_into=_across(history, epc, "input", "output"),
            total=len(sightings),
            sightings=[_view(sighting, places) for sighting in last],
        )


def spellings(name: str) -> list[str]:
    """The ids that one in a path may mean: itself, or what it is percent-encoded once more.

    Many ids of GS1 have slashes, and gateways, the city's too, let no encoded slash pass.
    """
    return [one for one in dict.fromkeys((name, unquote(name))) if URI.fullmatch(one)]


def _across(history: History, epc: str, side: Role, other: Role) -> list[str]:
    """What stands on the other side of the transformations that name ``epc`` on this one."""
    found = [
        thing
        for event in history.of(epc)
        if epc in event.things(side)
        for thing in event.things(other)
    ]
    return list(dict.fromkeys(found))


def _place_ids(sightings: Iterable[Sighting]) -> set[str]:
    found = {s.event.place("bizLocation") for s in sightings}
    found |= {s.event.place("readPoint") for s in sightings}
    return {id_ for id_ in found if id_}


def _view(sighting: Sighting, places: Mapping[str, Place]) -> SightingView:
    event, place = sighting.event, place_of(sighting.event, places)
    return SightingView(
        event_id=event.id,
        event_type=event.type,
        event_time=event.time,
        action=event.action,
        business_step=bare(event.body.get("bizStep")),
        disposition=bare(event.body.get("disposition")),
        read_point=event.place("readPoint"),
        business_location=event.place("bizLocation"),
        place_name=place.name if place else None,
        location=point(place),
        via=list(sighting.via),
    )
