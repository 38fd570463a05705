"""Capturing documents: each event once, a document whole, and told to the city in the same step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.logistics.entities import observed
from connectors.logistics.epcis import Document
from connectors.logistics.events import Event, micros, moment
from connectors.logistics.shipments import Shipments
from connectors.logistics.store import Events
from connectors.logistics.tables import Tables
from connectors.publish import Publisher
from schemas.kit.broker_sink import gone_message
from schemas.kit.store import Store
from schemas.problem import Conflict, Fault, NotFound


@dataclass(frozen=True, slots=True)
class Captured:
    """A capture that is done.

    Attributes:
        events: how many events the document had.
        fresh: how many of them said something new.
    """

    id: str
    created: datetime
    events: int
    fresh: int


class Capture:
    """Takes documents into one store."""

    def __init__(
        self,
        store: Store,
        tables: Tables,
        events: Events,
        shipments: Shipments,
        publisher: Publisher,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._captures = store, tables.captures
        self._events, self._shipments = events, shipments
        self._publisher, self._source, self._clock = publisher, source, clock

    async def take(self, document: Document) -> Captured:
        """Capture a document: all of it, or nothing.

        Raises:
            Conflict: an event has the id of another event that says something else.
        """
        async with self._store.write() as connection:
            await self._one_at_a_time(connection)
            fresh, wrong = await self._news(connection, document.events)
            now = self._clock()
            await self._events.describe(connection, document.places)
            await self._events.add(connection, fresh, now)
            await self._events.declare_errors(connection, wrong)
            await self._tell(connection, [*fresh, *wrong])
            done = Captured(str(uuid4()), now, len(document.events), len(fresh) + len(wrong))
            await self._note(connection, done)
        self._publisher.outbox.wake()
        return done

    async def _one_at_a_time(self, connection: AsyncConnection) -> None:
        """Two captures at once could both miss that an event is known (SQLite has one writer)."""
        if not self._store.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(7331002)"))

    async def _news(
        self, connection: AsyncConnection, events: Sequence[Event]
    ) -> tuple[list[Event], list[Event]]:
        """The events that are new, and the declarations that a known one was wrong."""
        known = await self._events.known(connection, {event.id for event in events})
        fresh: dict[str, Event] = {}
        wrong: dict[str, Event] = {}
        faults: list[Fault] = []
        for index, event in enumerate(events):
            before, declared = known.get(event.id, (event.fingerprint, None))
            if before != event.fingerprint:
                faults.append(_contradicts(index, event))
            elif declared is None or (event.declares_error and event.id in fresh):
                fresh[event.id] = event
            elif event.declares_error and not declared:
                wrong[event.id] = event
            known[event.id] = (before, event.declares_error or bool(declared))
        if faults:
            detail = "Nothing was captured: an event that is known says something else."
            raise Conflict(detail, faults=faults[:50])
        return list(fresh.values()), list(wrong.values())

    async def _tell(self, connection: AsyncConnection, news: Sequence[Event]) -> None:
        if not news:
            return
        changed, gone = await self._shipments.renew(connection, news)
        events = [observed(event, self._source) for event in news]
        await self._publisher.say(connection, events=events, entities=changed)
        await self._publisher.outbox.add(connection, map(gone_message, gone), latest=True)

    async def _note(self, connection: AsyncConnection, done: Captured) -> None:
        row = {"id": done.id, "created": micros(done.created)}
        counts = {"events": done.events, "fresh": done.fresh}
        await connection.execute(insert(self._captures), {**row, **counts})

    async def get(self, id_: str) -> Captured:
        """A capture by its id; NotFound when there is none."""
        query = select(self._captures).where(self._captures.c.id == id_)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such capture.")
        return Captured(row.id, moment(row.created), row.events, row.fresh)


def _contradicts(index: int, event: Event) -> Fault:
    return Fault(
        f"event {index} /eventID",
        f"{event.id[:200]} is the id of an event with other content",
        "give the event an id of its own; to withdraw one, send it with an errorDeclaration",
    )
