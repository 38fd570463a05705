"""Workers in the store, where every process of the control plane finds what another was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from schemas.kit.store import Store
from schemas.workers import MISSING_AFTER, WorkerReport


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker, as it last told of itself (:class:`schemas.workers.WorkerReport`).

    Attributes:
        seen: when it did, in seconds since the epoch.
        drain: an operator wants it drained.
    """

    worker: str
    gateway: str
    address: str
    number: int
    revision: str
    started: float
    under_way: int
    connections: int
    draining: bool
    seen: float
    drain: bool = False


async def tell(store: Store, connection: AsyncConnection, report: WorkerReport, now: float) -> bool:
    """Keep a report; whether the worker is to drain."""
    table = tables.gateway_workers
    if report["gone"]:
        await connection.execute(delete(table).where(table.c.worker == report["worker"]))
        return False
    said = {name: value for name, value in report.items() if name != "gone"}
    row = store.insert(table).values(**said, seen=now, drain=False)
    kept = {name: row.excluded[name] for name in (*said, "seen")}  # and `drain` as it is
    await connection.execute(row.on_conflict_do_update(index_elements=["worker"], set_=kept))
    query = select(table.c.drain).where(table.c.worker == report["worker"])
    return bool(await connection.scalar(query))


async def find_all(connection: AsyncConnection, now: float) -> list[Worker]:
    """Who has told of itself lately, gateway by gateway."""
    table = tables.gateway_workers
    query = (
        select(table)
        .where(table.c.seen > now - MISSING_AFTER)
        .order_by(table.c.gateway, table.c.number, table.c.started)
    )
    return [_read(row) for row in await connection.execute(query)]


async def drain(connection: AsyncConnection, worker: str, now: float) -> Worker | None:
    """Have a worker drain; None when there is none of this id."""
    table = tables.gateway_workers
    here = (table.c.worker == worker) & (table.c.seen > now - MISSING_AFTER)
    await connection.execute(update(table).where(here).values(drain=True))
    row = (await connection.execute(select(table).where(here))).one_or_none()
    return _read(row) if row else None


async def forget_missing(connection: AsyncConnection, now: float) -> None:
    table = tables.gateway_workers
    await connection.execute(delete(table).where(table.c.seen < now - MISSING_AFTER))


def _read(row: Any) -> Worker:
    return Worker(**row._mapping)
