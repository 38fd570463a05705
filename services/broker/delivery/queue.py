"""The rows of deliveries: written with the change that asks for them, gone with the endpoint.

Whoever changes rows of an endpoint that are there already locks the endpoint's own row before them:
so two who want the same wait for each other, and never in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from schemas.kit.bulk import insert_many, one_of
from schemas.kit.outgoing.model import MOST_TIMEOUT, State
from schemas.kit.store import Store
from services.broker.delivery.model import Delivery, EndpointStatus, Waiting
from services.broker.delivery.tables import deliveries, endpoints

_PORTION: Final = 1000
_IDENTITY: Final = ("id", "endpoint", "message")
_NEW_ENDPOINT: Final = {
    column.name: column.default.arg
    for column in endpoints.c
    if isinstance(column.default, ScalarElementColumnDefault)
}


class Queue:
    """What waits to be delivered, for the endpoints of one broker.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    async def enqueue(
        self, connection: AsyncConnection, wanted: Sequence[Delivery], *, again: bool = False
    ) -> list[Waiting]:
        """Write deliveries in the caller's transaction; those that were not there before.

        Args:
            again: send a message also when the endpoint has had it before.
        """
        new: list[Waiting] = []
        for start in range(0, len(wanted), _PORTION):
            new += await self._insert(connection, wanted[start : start + _PORTION], again)
        return new

    async def _insert(
        self, connection: AsyncConnection, wanted: Sequence[Delivery], again: bool
    ) -> list[Waiting]:
        names = sorted({found.endpoint for found in wanted})
        # passing over takes no lock on what is there: writers for one endpoint do not queue up
        known = [{**_NEW_ENDPOINT, "endpoint": name} for name in names]
        await insert_many(connection, endpoints, known, ignore=True)
        if again:
            await _clear(connection, wanted)
        now = self._clock()
        rows = [_row(found, now) for found in wanted]
        made = await insert_many(connection, deliveries, rows, ignore=True, returning=_IDENTITY)
        ids = {(row.endpoint, row.message): row.id for row in made}
        return [
            Waiting(id_, found, now)
            for found in wanted
            if (id_ := ids.pop((found.endpoint, found.message), None)) is not None
        ]

    async def supersede(self, connection: AsyncConnection, newer: Sequence[Delivery]) -> None:
        """Drop what failed and waits to be tried again, where something newer of its key is here.

        For messages that tell a state: the newest says all that the older would.
        """
        keys = {(found.endpoint, found.key) for found in newer if found.key}
        names = sorted({endpoint for endpoint, _ in keys})
        for start in range(0, len(names), _PORTION):
            some = names[start : start + _PORTION]
            query = select(deliveries.c.id, deliveries.c.endpoint, deliveries.c.key).where(
                one_of(connection, deliveries.c.endpoint, some),
                deliveries.c.due.is_not(None),
                deliveries.c.tries > 0,
            )
            failed = await connection.execute(query)
            stale = [row.id for row in failed if (row.endpoint, row.key) in keys]
            if stale:
                these = one_of(connection, deliveries.c.id, stale)
                await connection.execute(delete(deliveries).where(these))

    async def statuses(self, names: Iterable[str]) -> dict[str, EndpointStatus]:
        """How endpoints do; those that nothing was ever sent to are left out."""
        async with self._store.read() as connection:
            query = select(endpoints).where(endpoints.c.endpoint.in_(list(names)))
            return {row.endpoint: _status(row) for row in await connection.execute(query)}

    async def waiting(self, connection: AsyncConnection, names: Iterable[str]) -> dict[str, int]:
        """How many deliveries wait, by endpoint; those with none are left out."""
        query = (
            select(deliveries.c.endpoint, func.count())
            .where(deliveries.c.endpoint.in_(list(names)), deliveries.c.due.is_not(None))
            .group_by(deliveries.c.endpoint)
        )
        return {row[0]: row[1] for row in await connection.execute(query)}

    async def listed(
        self, endpoint: str, state: State | None, older: int | None, limit: int
    ) -> Sequence[Row[Any]]:
        """The rows of an endpoint, newest first, without what is in them.

        Args:
            older: only those before this row.
        """
        columns = deliveries.c
        shown = (c for c in columns if c.name not in ("body", "headers"))
        query = select(*shown).where(columns.endpoint == endpoint)
        if state is not None:
            query = query.where(columns.state == state)
        if older is not None:
            query = query.where(columns.id < older)
        async with self._store.read() as connection:
            found = await connection.execute(query.order_by(columns.id.desc()).limit(limit))
            return found.all()

    async def enable(self, connection: AsyncConnection, endpoint: str) -> None:
        """Try an endpoint again at once, with all that waits: its owner says that it is back."""
        fresh = {"failures": 0, "failing_since": None, "open_until": 0.0, "disabled": ""}
        here = endpoints.c.endpoint == endpoint
        await connection.execute(update(endpoints).where(here).values(**fresh))
        waits = and_(deliveries.c.endpoint == endpoint, deliveries.c.due.is_not(None))
        await connection.execute(update(deliveries).where(waits).values(due=self._clock()))

    async def disable(self, connection: AsyncConnection, endpoint: str, reason: str) -> None:
        """Send nothing until it is enabled again; what waits goes on waiting."""
        await connection.execute(self._store.upsert(endpoints, endpoint=endpoint, disabled=reason))

    async def forget(self, connection: AsyncConnection, endpoint: str) -> int:
        """Drop an endpoint with its counters and all that waits for it; how many waited."""
        waiting = await self.waiting(connection, [endpoint])
        await connection.execute(delete(endpoints).where(endpoints.c.endpoint == endpoint))
        await connection.execute(delete(deliveries).where(deliveries.c.endpoint == endpoint))
        return waiting.get(endpoint, 0)

    async def drop(self, connection: AsyncConnection, endpoint: str, about: str) -> int:
        """Let go of what waits for an endpoint and says ``about`` of itself; how many there were.

        They stay listed as dropped, without their content.
        """
        await lock(connection, [endpoint])
        waits = and_(
            deliveries.c.endpoint == endpoint,
            deliveries.c.due.is_not(None),
            deliveries.c.about.contains(f'"{about}"', autoescape=True),
        )
        gone = {"due": None, "body": b"", "state": "dropped", "finished": self._clock()}
        return (await connection.execute(update(deliveries).where(waits).values(**gone))).rowcount

    async def tidy(self) -> None:
        """Remove finished rows that were kept for long enough."""
        now = self._clock()
        old = and_(
            deliveries.c.finished.is_not(None), deliveries.c.finished + deliveries.c.keep < now
        )
        free = select(deliveries.c.id).where(old).with_for_update(skip_locked=True)
        async with self._store.write() as connection:
            await connection.execute(delete(deliveries).where(deliveries.c.id.in_(free)))

    async def backlog(self) -> tuple[int, float, int]:
        """How many wait, the age in seconds of the oldest, and how many circuits are open."""
        waits = select(func.count(), func.min(deliveries.c.created)).where(
            deliveries.c.due.is_not(None)
        )
        shut = or_(endpoints.c.open_until > self._clock(), endpoints.c.disabled != "")
        async with self._store.read() as connection:
            count, oldest = (await connection.execute(waits)).one()
            circuits = select(func.count()).select_from(endpoints).where(shut)
            opened = (await connection.execute(circuits)).scalar_one()
        age = max(0.0, self._clock() - oldest) if oldest is not None else 0.0
        return int(count), age, int(opened)


async def lock(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Have endpoints' rows to oneself, taken in their order; on SQLite a writer is alone anyway."""
    if connection.dialect.name == "sqlite":
        return
    these = select(endpoints.c.endpoint).where(
        one_of(connection, endpoints.c.endpoint, list(names))
    )
    await connection.execute(these.order_by(endpoints.c.endpoint).with_for_update())


async def _clear(connection: AsyncConnection, wanted: Sequence[Delivery]) -> None:
    """Make room for messages that are sent again: as new rows, so that they are in their order."""
    messages: dict[str, list[str]] = defaultdict(list)
    for found in wanted:
        messages[found.endpoint].append(found.message)
    await lock(connection, messages)
    for endpoint, names in messages.items():
        here = and_(deliveries.c.endpoint == endpoint, deliveries.c.message.in_(names))
        await connection.execute(delete(deliveries).where(here))


def _row(found: Delivery, now: float) -> dict[str, Any]:
    return {
        "endpoint": found.endpoint,
        "message": found.message,
        "key": found.key,
        "url": found.url,
        "headers": _dump(found.headers),
        "about": _dump(found.about),
        "body": found.body,
        "timeout": min(found.timeout, MOST_TIMEOUT),
        "created": now,
        "expires": found.expires,
        "due": now,
        "tries": 0,
        "state": "waiting",
        "attempts": "[]",
        "keep": found.keep,
    }


def as_waiting(row: Row[Any]) -> Waiting:
    """A row of ``deliveries`` in the hands of who sends it."""
    delivery = Delivery(
        endpoint=row.endpoint,
        url=row.url,
        body=row.body,
        headers=orjson.loads(row.headers),
        message=row.message,
        key=row.key,
        timeout=row.timeout,
        expires=row.expires,
        keep=row.keep,
        about=orjson.loads(row.about),
    )
    return Waiting(row.id, delivery, row.created, row.tries, orjson.loads(row.attempts))


def _status(row: Row[Any]) -> EndpointStatus:
    return EndpointStatus(
        sent=row.sent,
        failed=row.failed,
        last_sent=row.last_sent,
        last_success=row.last_success,
        last_failure=row.last_failure,
        last_error=row.last_error,
        failures=row.failures,
        open_until=row.open_until,
        disabled=row.disabled,
    )


def _dump(found: Mapping[str, str]) -> str:
    return orjson.dumps(dict(found)).decode()
