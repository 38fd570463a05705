"""Emergencies in the store: at most one is in force, and every one that ever was is kept."""

from __future__ import annotations

import secrets

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from schemas.policy import Emergency, EmergencyLevel


async def in_force(connection: AsyncConnection, now: int) -> Emergency | None:
    """The emergency in force at ``now``, in seconds since the epoch."""
    table = tables.emergencies
    found = await connection.execute(
        select(table)
        .where(table.c.ended.is_(None), table.c.until > now)
        .order_by(table.c.since.desc())
    )
    row = found.first()
    if row is None:
        return None
    return Emergency(
        id=row.id, since=row.since, until=row.until, level=row.level, reason=row.reason
    )


async def declare(
    connection: AsyncConnection,
    *,
    now: int,
    until: int,
    level: EmergencyLevel,
    reason: str,
) -> Emergency:
    """Declare one; it takes the place of the one in force. Within a transaction of the policy."""
    await _end_all(connection, now)
    emergency = Emergency(
        id=secrets.token_hex(8), since=now, until=until, level=level, reason=reason
    )
    await connection.execute(tables.emergencies.insert().values(**emergency, ended=None))
    return emergency


async def end(connection: AsyncConnection, *, now: int) -> Emergency | None:
    """End the one in force; ``None`` when there is none."""
    emergency = await in_force(connection, now)
    if emergency is not None:
        await _end_all(connection, now)
    return emergency


async def _end_all(connection: AsyncConnection, now: int) -> None:
    table = tables.emergencies
    still = (table.c.ended.is_(None), table.c.until > now)
    await connection.execute(update(table).where(*still).values(ended=now))
