"""Entities and attributes that are stored for a time only (GS CIM 009 §4.22).

What can expire has a row with the moment, so that looking for what has looks at nothing else. It is
deleted like anything else: in one transaction with its past and its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, String, Table, and_, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.ngsild import timestamp
from services.broker.context.model import ContextEntity, Fragment
from services.broker.context.rows import Change
from services.broker.context.stamping import changed
from services.broker.tables import metadata

expiries = Table(
    "entity_expiries",
    metadata,
    Column("tenant", String(100), primary_key=True),
    Column("entity", String(512), primary_key=True),
    Column("expires", String(32), nullable=False, index=True),  # RFC 3339, UTC, milliseconds
)


async def write_expiries(connection: AsyncConnection, tenant: str, done: Sequence[Change]) -> None:
    """Note when what was changed expires, in the transaction that changes it."""
    moved = [(c.entity.id, _soonest(c.old), _soonest(c.new)) for c in done]
    moved = [(id_, old, new) for id_, old, new in moved if old != new]
    stale = [{"in_tenant": tenant, "which": id_} for id_, old, _ in moved if old]
    if stale:
        here = and_(
            expiries.c.tenant == bindparam("in_tenant"), expiries.c.entity == bindparam("which")
        )
        await connection.execute(delete(expiries).where(here), stale)
    rows = [{"tenant": tenant, "entity": id_, "expires": new} for id_, _, new in moved if new]
    if rows:
        await connection.execute(insert(expiries), rows)


async def due(connection: AsyncConnection, now: str, limit: int) -> list[tuple[str, str]]:
    """Tenant and id of entities of which something has expired."""
    query = select(expiries.c.tenant, expiries.c.entity).where(expiries.c.expires <= now)
    return [(row.tenant, row.entity) for row in await connection.execute(query.limit(limit))]


def unexpired(entity: ContextEntity, now: str) -> ContextEntity | None:
    """What is left of an entity; None when it has expired itself."""
    if entity.expires and _sortable(entity.expires) <= now:
        return None
    kept = {
        name: [i for i in instances if "expiresAt" not in i or _sortable(i["expiresAt"]) > now]
        for name, instances in entity.attributes.items()
    }
    attributes = {name: instances for name, instances in kept.items() if instances}
    return changed(entity, entity.types, attributes, Fragment((), {}), now)


def _soonest(entity: ContextEntity | None) -> str:
    """Empty when nothing of it expires."""
    if entity is None:
        return ""
    moments = [entity.expires] if entity.expires else []
    for instances in entity.attributes.values():
        for instance in instances:
            if "expiresAt" in instance:
                moments.append(instance["expiresAt"])  # noqa: PERF401 - quicker: there are none
    return min(map(_sortable, moments), default="")


def _sortable(moment: str) -> str:
    """So written that earlier moments come first in the alphabet."""
    return timestamp(datetime.fromisoformat(moment))
