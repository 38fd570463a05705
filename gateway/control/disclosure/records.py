"""Disclosures in the store: given as a grant that nobody asked for, and always found again.

A disclosure is a grant whose consents are for the purpose ``vital-interest``: so every gateway
holds it to its data sets and its end, and the broker too, without knowing that there are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent import records as consents
from gateway.control.consent.records import Given
from gateway.control.oauth.records import Grant, row


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure.

    Attributes:
        emergency: id of the one that it was made in.
        reason: in the operator's words; the resident reads them.
        ended: when it was ended before its time; None when it was not.
    """

    gid: str
    client_id: str
    resident_id: str
    emergency: str
    reason: str
    datasets: tuple[str, ...]
    created: int
    until: int
    ended: int | None = None


async def add(
    connection: AsyncConnection, disclosure: Disclosure, grant: Grant, given: Iterable[Given]
) -> None:
    await connection.execute(insert(tables.grants).values(**row(grant)))
    await consents.add(connection, given)
    members = {name: getattr(disclosure, name) for name in Disclosure.__slots__}
    members["datasets"] = " ".join(disclosure.datasets)
    await connection.execute(insert(tables.disclosures).values(**members))


async def of_resident(connection: AsyncConnection, resident_id: str) -> list[Disclosure]:
    """The newest first."""
    return await _select(connection, tables.disclosures.c.resident_id == resident_id)


async def newest(connection: AsyncConnection, most: int) -> list[Disclosure]:
    """Of everybody, the newest first."""
    return await _select(connection, true(), most)


async def count(connection: AsyncConnection, now: int) -> tuple[int, int]:
    """How many there ever were, and how many are open."""
    table = tables.disclosures
    living = table.c.ended.is_(None) & (table.c.until > now)
    ever = await connection.scalar(select(func.count()).select_from(table))
    still = await connection.scalar(select(func.count()).select_from(table).where(living))
    return int(ever or 0), int(still or 0)


async def end_all(connection: AsyncConnection, now: int) -> Sequence[Disclosure]:
    """End those that live, in a transaction of the policy; which there were."""
    table, grants, given = tables.disclosures, tables.grants, tables.consents
    living = await _select(connection, table.c.ended.is_(None) & (table.c.until > now))
    ids = [one.gid for one in living]
    for where, values in (
        (table.c.gid.in_(ids), {"ended": now}),
        (grants.c.gid.in_(ids), {"revoked": now}),
        (given.c.gid.in_(ids), {"withdrawn": now}),
    ):
        await connection.execute(update(where.left.table).where(where).values(**values))
    return living


def is_one() -> ColumnElement[bool]:
    """Of a row of ``grants``: whether it is a disclosure, and nothing that anybody agreed to."""
    return tables.grants.c.gid.in_(select(tables.disclosures.c.gid))


async def _select(
    connection: AsyncConnection, condition: ColumnElement[bool], most: int | None = None
) -> list[Disclosure]:
    table = tables.disclosures
    query = select(table).where(condition).order_by(table.c.created.desc(), table.c.gid)
    query = query.limit(most)
    return [_read(row) for row in (await connection.execute(query)).mappings()]


def _read(row: Any) -> Disclosure:
    return Disclosure(**{**row, "datasets": tuple(row["datasets"].split())})
