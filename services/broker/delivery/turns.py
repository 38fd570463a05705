"""Whose turn it is: endpoints with something due, each leased to one broker process at a time.

The lease is on the endpoint and not on the row, so that order and circuit are one process's matter
for as long as it lasts; and an endpoint whose circuit is open costs one look at one row, however
much waits for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, and_, exists, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from schemas.kit.bulk import one_of
from schemas.kit.outgoing.schedule import Circuit
from schemas.kit.store import Store
from services.broker.delivery.model import Waiting
from services.broker.delivery.queue import as_waiting
from services.broker.delivery.tables import deliveries, endpoints

LEASE_SECONDS: Final = 6.0
"""After which another process takes over from one that died; renewed by one that lives."""

PORTION: Final = 50
"""Deliveries of one endpoint in hand: what may come twice when the process dies."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An endpoint that is this process's to serve, and what is due there, oldest first."""

    endpoint: str
    circuit: Circuit
    slow: bool
    waiting: Sequence[Waiting]


class Turns:
    """The leases of one process.

    Args:
        process: its name, unlike any other's.
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, process: str, clock: Callable[[], float]) -> None:
        self._store, self._process, self._clock = store, process, clock

    async def any(self) -> bool:
        """Whether some endpoint has something due; asked without a writer's lock."""
        async with self._store.read() as connection:
            found = select(endpoints.c.endpoint).where(_free(self._clock())).limit(1)
            return (await connection.execute(found)).first() is not None

    async def take(self, limit: int, *, but: Collection[str] = ()) -> list[Turn]:
        """Lease up to ``limit`` endpoints that have something due, longest unserved first.

        Args:
            but: endpoints that are being served here still.
        """
        now = self._clock()
        chosen = (
            select(endpoints.c.endpoint)
            .where(_free(now), endpoints.c.endpoint.not_in(list(but)))
            .order_by(func.coalesce(endpoints.c.last_sent, 0.0))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        lease = {"lease": self._process, "leased_until": now + LEASE_SECONDS}
        async with self._store.write() as connection:
            names = (await connection.execute(chosen)).scalars().all()
            if not names:
                return []
            taken = update(endpoints).where(endpoints.c.endpoint.in_(names)).values(**lease)
            rows = (await connection.execute(taken.returning(endpoints))).all()
            await _postpone(connection, names, now)
            waiting = await _load(connection, names, now)
        return [_turn(row, waiting[row.endpoint]) for row in rows]

    async def take_new(
        self, connection: AsyncConnection, new: Sequence[Waiting], *, but: Collection[str] = ()
    ) -> list[Turn]:
        """Lease endpoints in the very transaction that wrote new deliveries for them.

        So these need not be found and read again before they are sent. Only endpoints that do
        well, and for which nothing else waits: with others, order and circuit are to be looked at.
        """
        by_endpoint: dict[str, list[Waiting]] = defaultdict(list)
        for one in new:
            if one.delivery.endpoint not in but:
                by_endpoint[one.delivery.endpoint].append(one)
        if not by_endpoint:
            return []
        now = self._clock()
        names = one_of(connection, endpoints.c.endpoint, list(by_endpoint))
        first = min(one.id for one in new)
        # one whose row is locked is in another's hands; waiting for it could be waiting in a circle
        ready = select(endpoints.c.endpoint).where(names, _idle(now, first))
        taken = (
            update(endpoints)
            .where(endpoints.c.endpoint.in_(ready.with_for_update(skip_locked=True)))
            .values(lease=self._process, leased_until=now + LEASE_SECONDS)
            .returning(endpoints)
        )
        rows = (await connection.execute(taken)).all()
        return [_turn(row, _oldest(by_endpoint[row.endpoint])) for row in rows]

    async def renew(self, names: Sequence[str]) -> None:
        """Keep the endpoints that are still being served."""
        later = {"leased_until": self._clock() + LEASE_SECONDS}
        async with self._store.write() as connection:
            these = one_of(connection, endpoints.c.endpoint, names)
            mine = select(endpoints.c.endpoint).where(these, endpoints.c.lease == self._process)
            # one whose row is locked is being given back
            held = endpoints.c.endpoint.in_(mine.with_for_update(skip_locked=True))
            await connection.execute(update(endpoints).where(held).values(**later))


def _free(now: float) -> ColumnElement[bool]:
    """An endpoint that nobody serves, that may be called, and that has something due."""
    return and_(
        endpoints.c.leased_until < now,
        endpoints.c.open_until <= now,
        endpoints.c.disabled == "",
        exists().where(_due(now), deliveries.c.endpoint == endpoints.c.endpoint),
    )


def _idle(now: float, before: int) -> ColumnElement[bool]:
    """An endpoint that nobody serves, whose last try went well, with nothing older to be sent."""
    older = exists().where(
        deliveries.c.endpoint == endpoints.c.endpoint,
        deliveries.c.due.is_not(None),
        deliveries.c.id < before,
    )
    return and_(
        endpoints.c.leased_until < now,
        endpoints.c.open_until <= now,
        endpoints.c.failures == 0,
        endpoints.c.disabled == "",
        ~older,
    )


def _oldest(waiting: list[Waiting]) -> Sequence[Waiting]:
    return sorted(waiting, key=lambda one: one.id)[:PORTION]


def _due(now: float) -> ColumnElement[bool]:
    return and_(deliveries.c.due.is_not(None), deliveries.c.due <= now)


async def _postpone(connection: AsyncConnection, names: Sequence[str], now: float) -> None:
    """What stands behind an earlier one of its key that waits to be tried again, waits with it."""
    first = deliveries.alias()
    ahead = and_(
        first.c.endpoint == deliveries.c.endpoint,
        first.c.key == deliveries.c.key,
        first.c.id < deliveries.c.id,
        first.c.due.is_not(None),
        first.c.due > now,
    )
    until = select(func.max(first.c.due)).where(ahead).scalar_subquery()
    behind = and_(
        deliveries.c.endpoint.in_(names),
        deliveries.c.key != "",
        _due(now),
        exists().where(ahead),
    )
    await connection.execute(update(deliveries).where(behind).values(due=until))


async def _load(
    connection: AsyncConnection, names: Sequence[str], now: float
) -> dict[str, list[Waiting]]:
    """The oldest due deliveries of each endpoint, by one question for all."""
    is_sqlite = connection.dialect.name == "sqlite"
    query = _few_of_each_sqlite(names, now) if is_sqlite else _few_of_each(names, now)
    found: dict[str, list[Waiting]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.endpoint].append(as_waiting(row))
    for waiting in found.values():
        waiting.sort(key=lambda one: one.id)
    return found


def _few_of_each(names: Sequence[str], now: float) -> Select[Any]:
    """One statement however many names there are: it is composed and planned once."""
    oldest = (
        select(deliveries)
        .where(deliveries.c.endpoint == endpoints.c.endpoint, _due(now))
        .order_by(deliveries.c.id)
        .limit(PORTION)
        .lateral()
    )
    each = select(oldest).select_from(endpoints.join(oldest, true()))
    return each.where(endpoints.c.endpoint.in_(names))


def _few_of_each_sqlite(names: Sequence[str], now: float) -> Select[Any]:
    """The same where there is no LATERAL: rows by their numbers, which are looked up for each."""
    one = deliveries.alias()
    oldest = (
        select(one.c.id)
        .where(one.c.endpoint == endpoints.c.endpoint, one.c.due.is_not(None), one.c.due <= now)
        .order_by(one.c.id)
        .limit(PORTION)
        .correlate(endpoints)
    )
    each = select(deliveries).select_from(endpoints.join(deliveries, deliveries.c.id.in_(oldest)))
    return each.where(endpoints.c.endpoint.in_(names))


def _turn(row: Row[Any], waiting: Sequence[Waiting]) -> Turn:
    circuit = Circuit(row.failures, row.failing_since, row.open_until, row.disabled)
    # one that has failed for long is asked with one message whether it is back
    return Turn(
        row.endpoint, circuit, bool(row.slow), waiting[:1] if circuit.is_probing else waiting
    )
