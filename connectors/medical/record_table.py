"""How records lie in the store: a row for each resource, its JSON whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

Values = dict[str, Any]
"""A row to be written, by column."""


def _records(metadata: MetaData) -> Table:
    return Table(
        "records",
        metadata,
        Column("type", String(64), primary_key=True),
        Column("id", String(64), primary_key=True),
        Column("patient", String(64), nullable=False, index=True),
        Column("version", Integer, nullable=False),
        Column("updated", String(32), nullable=False),
        Column("effective", String(64), nullable=False),
        Column("body", LargeBinary, nullable=False),
    )


@dataclass(frozen=True)
class RecordTable:
    """The table, to be declared beside the connector's own. Rows are known by ``Type/id``."""

    records: Table

    @classmethod
    def declare(cls, metadata: MetaData) -> RecordTable:
        return cls(_records(metadata))

    async def before(self, connection: AsyncConnection, rows: Mapping[str, Values]) -> Values:
        """What is kept of these already, by ``Type/id``; locked until the transaction ends.

        Rows are locked in one order, so that two writers never wait for each other.
        """
        table = self.records
        ids: dict[str, list[str]] = defaultdict(list)
        for row in rows.values():
            ids[row["type"]].append(row["id"])
        found: dict[str, Any] = {}
        for kind in sorted(ids):
            for part in _parts(sorted(ids[kind])):
                wanted = (table.c.type == kind) & table.c.id.in_(part)
                query = select(table).where(wanted).order_by(table.c.id).with_for_update()
                answer = await connection.execute(query)
                found |= {f"{kept.type}/{kept.id}": kept for kept in answer}
        return found

    async def body(self, connection: AsyncConnection, kind: str, identity: str) -> bytes | None:
        table = self.records
        this = (table.c.type == kind) & (table.c.id == identity)
        found: bytes | None = (await connection.execute(select(table.c.body).where(this))).scalar()
        return found

    async def known(self, connection: AsyncConnection, patients: Iterable[str]) -> set[str]:
        """Which of these ids are of Patients kept here."""
        table, found = self.records, set()
        for part in _parts(sorted(patients)):
            query = select(table.c.id).where(table.c.type == "Patient", table.c.id.in_(part))
            found |= set((await connection.execute(query)).scalars())
        return found

    async def write(
        self, connection: AsyncConnection, new: Sequence[Values], newer: Sequence[Values]
    ) -> None:
        """Add rows, and replace rows."""
        table = self.records
        if new:
            await connection.execute(insert(table), new)
        if newer:
            this = (table.c.type == bindparam("this_type")) & (table.c.id == bindparam("this_id"))
            named = [{**row, "this_type": row["type"], "this_id": row["id"]} for row in newer]
            await connection.execute(update(table).where(this), named)

    async def page(
        self,
        connection: AsyncConnection,
        patient: str,
        types: Sequence[str],
        limit: int,
        offset: int,
    ) -> tuple[int, list[tuple[str, str, bytes]]]:
        """A patient's rows, newest first: how many in all, and (type, id, body) of a page."""
        table = self.records
        wanted = (table.c.patient == patient) & table.c.type.in_(types)
        count = select(func.count()).select_from(table).where(wanted)
        total = (await connection.execute(count)).scalar_one()
        order = (table.c.effective.desc(), table.c.type, table.c.id)
        query = select(table.c.type, table.c.id, table.c.body).where(wanted).order_by(*order)
        rows = await connection.execute(query.limit(limit).offset(offset))
        return total, [(row.type, row.id, row.body) for row in rows]


def _parts(items: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
