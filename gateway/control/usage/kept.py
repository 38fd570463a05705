"""Counts in the store: by minute for two days, by hour for three months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.tables import client_usage as usage
from gateway.control.tables import usage_workers
from gateway.control.usage.counts import Counts
from schemas.kit.bulk import insert_many, one_of, update_many

MINUTE: Final = 60
HOUR: Final = 3_600
KEPT: Final = {MINUTE: 48 * HOUR, HOUR: 90 * 24 * HOUR}
"""Seconds between the beginnings of two rows → how long they are kept."""
WORKER_KEPT: Final = 7 * 24 * HOUR
"""How long it is known which report of a worker was the last, after it."""

Step = Literal[60, 3600]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What one client did with one operation from ``start`` on, for the length of a step."""

    start: int
    client: str
    route: str
    counts: Counts


async def add(connection: AsyncConnection, minute: int, new: Mapping[Pair, Counts]) -> None:
    """Add what was counted in one minute, by client and operation, to that minute and its hour."""
    for step in KEPT:
        await _add(connection, step, minute // step * step, new)


async def _add(
    connection: AsyncConnection, step: int, start: int, new: Mapping[Pair, Counts]
) -> None:
    here = and_(
        usage.c.step == step,
        usage.c.start == start,
        one_of(connection, usage.c.client, sorted({client for client, _ in new})),
    )
    query = select(usage.c.client, usage.c.route, usage.c.counts).where(here)
    held = {(row.client, row.route): row.counts for row in await connection.execute(query)}
    rows = {}
    for pair, counts in new.items():
        whole = Counts.read(held[pair]) if pair in held else Counts()
        whole.add(counts)
        client, route = pair
        rows[pair] = {
            "client": client,
            "step": step,
            "start": start,
            "route": route,
            "counts": whole.written(),
        }
    await insert_many(connection, usage, [row for pair, row in rows.items() if pair not in held])
    await update_many(connection, usage, [row for pair, row in rows.items() if pair in held])


async def of_client(
    connection: AsyncConnection, client: str, step: Step, first: int, until: int
) -> Sequence[Row]:
    """Rows of a client that begin from ``first`` on and before ``until``, by time."""
    columns = usage.c
    here = and_(
        columns.client == client,
        columns.step == step,
        columns.start >= first,
        columns.start < until,
    )
    query = select(columns.start, columns.route, columns.counts).where(here)
    found = await connection.execute(query.order_by(columns.start))
    return [Row(row.start, client, row.route, Counts.read(row.counts)) for row in found]


async def callers(
    connection: AsyncConnection, routes: Sequence[str], first: int
) -> Mapping[str, Mapping[str, int]]:
    """Who called operations since ``first``: operation → client → requests, by hours."""
    columns = usage.c
    here = and_(
        one_of(connection, columns.route, list(routes)),
        columns.step == HOUR,
        columns.start >= first,
    )
    query = select(columns.route, columns.client, columns.counts).where(here)
    found: dict[str, dict[str, int]] = {}
    for row in await connection.execute(query):
        of_route = found.setdefault(row.route, {})
        of_route[row.client] = of_route.get(row.client, 0) + Counts.read(row.counts).requests
    return found


async def forget(connection: AsyncConnection, now: int) -> None:
    """Delete what is kept no longer."""
    old = (and_(usage.c.step == step, usage.c.start < now - kept) for step, kept in KEPT.items())
    await connection.execute(delete(usage).where(or_(*old)))
    gone = usage_workers.c.seen < now - WORKER_KEPT
    await connection.execute(delete(usage_workers).where(gone))
