"""What the routing cores are to forget of the answers that they keep, and since when."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables

KEPT: Final = 3 * 86_400 * 1_000
"""Milliseconds. A core keeps nothing for longer than two days, so whoever hears of a purge later
has nothing left to forget."""
ALL: Final = "*"


def route(route_id: str) -> str:
    return f"route:{route_id}"


def dataset(dataset_id: str) -> str:
    return f"dataset:{dataset_id}"


async def purge(connection: AsyncConnection, what: str, now: int) -> int:
    """Have ``what`` forgotten; the moment by which cores know it from earlier purges.

    Args:
        now: milliseconds since the epoch.
    """
    table = tables.cache_purges
    found = await connection.execute(select(table.c.moment).where(table.c.what == what))
    moment = max(now, (found.scalar() or 0) + 1)
    await connection.execute(
        delete(table).where((table.c.what == what) | (table.c.moment < now - KEPT))
    )
    await connection.execute(insert(table).values(what=what, moment=moment))
    return moment


async def load(connection: AsyncConnection, now: int) -> dict[str, int]:
    """``purged`` of :class:`schemas.policy.Snapshot`.

    Args:
        now: milliseconds since the epoch.
    """
    table = tables.cache_purges
    rows = await connection.execute(select(table).where(table.c.moment > now - KEPT))
    return {row.what: row.moment for row in rows}
