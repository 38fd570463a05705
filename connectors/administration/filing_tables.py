"""How filings lie in the store: a row each, and a row for every state one has reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.administration.filings import Filing, Step


def _filings(metadata: MetaData) -> Table:
    return Table(
        "filings",
        metadata,
        Column("id", String(36), primary_key=True),
        Column("subject", String(128), nullable=False, index=True),
        Column("procedure", String(60), nullable=False),
        Column("state", String(20), nullable=False, index=True),
        Column("fields", LargeBinary, nullable=False),
        Column("filed_at", String(40), nullable=False),
        Column("idempotency_key", String(64)),
        Column("digest", String(64), nullable=False),
        UniqueConstraint("subject", "idempotency_key"),
    )


def _steps(metadata: MetaData) -> Table:
    return Table(
        "filing_steps",
        metadata,
        Column("filing", String(36), ForeignKey("filings.id"), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("state", String(20), nullable=False),
        Column("at", String(40), nullable=False),
        Column("note", String(2000), nullable=False),
    )


@dataclass(frozen=True)
class FilingTables:
    """The two tables, to be declared beside the connector's own."""

    filings: Table
    steps: Table

    @classmethod
    def declare(cls, metadata: MetaData) -> FilingTables:
        return cls(_filings(metadata), _steps(metadata))

    async def add_step(
        self, connection: AsyncConnection, filing: str, state: str, note: str, at: datetime
    ) -> None:
        """Note that a filing has reached a state."""
        steps = self.steps
        count = select(func.count()).where(steps.c.filing == filing)
        position = (await connection.execute(count)).scalar_one()
        step = {"filing": filing, "position": position, "state": state, "note": note}
        await connection.execute(insert(steps).values(step | {"at": at.isoformat()}))

    async def whole(self, connection: AsyncConnection, row: Any) -> Filing:
        """A row of ``filings`` with its history."""
        steps = self.steps
        query = select(steps).where(steps.c.filing == row.id).order_by(steps.c.position)
        history = [
            Step(state=step.state, at=datetime.fromisoformat(step.at), note=step.note)
            for step in await connection.execute(query)
        ]
        return Filing(
            id=row.id,
            procedure=row.procedure,
            state=row.state,
            fields=orjson.loads(row.fields),
            filed_at=datetime.fromisoformat(row.filed_at),
            history=tuple(history),
        )
