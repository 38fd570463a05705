"""A sector's key has an epoch: its number is part of the label that pseudonyms are derived from.

The routing core knows nothing of it: the policy names each upstream's sector by its label, and a
new label is a new key (:mod:`schemas.pseudonym`).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables


def label(sector: str, epoch: int) -> str:
    """What pseudonyms of a sector are derived from; the first key's is the bare name."""
    return f"{sector}~{epoch}" if epoch else sector


async def in_force(connection: AsyncConnection) -> dict[str, str]:
    """Sector → label, of those whose key was ever rotated."""
    table = tables.sectors
    rows = await connection.execute(select(table.c.name, table.c.epoch))
    return {row.name: label(row.name, row.epoch) for row in rows}
