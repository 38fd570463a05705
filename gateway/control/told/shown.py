"""What the notices of a resident's ended consents came to, for the resident's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.resident.history import ZONE
from gateway.control.residents import Resident

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One notice.

    Attributes:
        client: the application's name.
        ended, told, acknowledged: local times, ``2026-11-24 15:04``; empty for not yet.
    """

    client: str
    ended: str
    told: str
    acknowledged: str


async def of(connection: AsyncConnection, resident: Resident) -> list[Shown]:
    """The newest first."""
    table, client = tables.notices, tables.clients
    query = (
        select(table, client.c.name)
        .outerjoin(client, client.c.client_id == table.c.client_id)
        .where(table.c.resident_id == resident.resident_id)
        .order_by(table.c.created.desc())
        .limit(_MOST)
    )
    return [
        Shown(
            client=row.name or row.client_id,
            ended=_local(row.created),
            told=_local(row.told),
            acknowledged=_local(row.acknowledged),
        )
        for row in await connection.execute(query)
    ]


def _local(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%d %H:%M")
