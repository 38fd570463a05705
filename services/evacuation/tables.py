"""What the evacuation service remembers, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evacuation import EvacuationGuidance
from schemas.kit.outbox import outbox_table
from schemas.kit.store import Store

METADATA: Final = MetaData()

OUTBOX: Final = outbox_table(METADATA)

_GUIDANCE: Final = Table(
    "guidance",
    METADATA,
    Column("id", String(512), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("issued", Float, nullable=False, index=True),  # seconds since the epoch
    Column("look_again", Float, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),  # the guidance
    Column("alert", LargeBinary, nullable=False),  # data of the alert's event
)

_HANDLED: Final = Table(
    "handled",
    METADATA,
    Column("source", String(1024), primary_key=True),
    Column("event", String(1024), primary_key=True),
    Column("at", Float, nullable=False, index=True),
)


class Outrun(Exception):
    """Another process changed the same guidance first; look again."""


@dataclass(frozen=True, slots=True)
class Row:
    """Stored guidance, and the data of the alert that it answers."""

    guidance: EvacuationGuidance
    alert: dict[str, Any]


class Tables:
    """Reads and writes within a transaction that the caller holds."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def first_time(
        self, connection: AsyncConnection, source: str, event: str, now: datetime
    ) -> bool:
        """Note that an event is handled; false when it has been before (at-least-once delivery)."""
        dialect = sqlite if self.store.is_sqlite else postgresql
        row = {"source": source, "event": event, "at": now.timestamp()}
        note = dialect.insert(_HANDLED).values(row).on_conflict_do_nothing()
        return (await connection.execute(note)).rowcount == 1

    async def forget_events(self, connection: AsyncConnection, before: datetime) -> None:
        await connection.execute(delete(_HANDLED).where(_HANDLED.c.at < before.timestamp()))

    async def get(self, connection: AsyncConnection, identity: str) -> Row | None:
        query = select(_GUIDANCE).where(_GUIDANCE.c.id == identity)
        row = (await connection.execute(query)).one_or_none()
        return _row(row) if row else None

    async def put(self, connection: AsyncConnection, row: Row, look_again: datetime) -> None:
        """Store a version of guidance in place of the one before it.

        Raises:
            Outrun: the version before it is not the one stored.
        """
        guidance = row.guidance
        values = {
            "state": guidance.state,
            "version": guidance.version,
            "issued": guidance.issued_at.timestamp(),
            "look_again": look_again.timestamp(),
            "body": guidance.model_dump_json(by_alias=True).encode(),
            "alert": orjson.dumps(row.alert),
        }
        if guidance.version == 1:
            await connection.execute(insert(_GUIDANCE).values(id=guidance.id, **values))
            return
        same = (_GUIDANCE.c.id == guidance.id) & (_GUIDANCE.c.version == guidance.version - 1)
        changed = await connection.execute(update(_GUIDANCE).where(same).values(values))
        if changed.rowcount != 1:
            raise Outrun(guidance.id)

    async def postpone(
        self, connection: AsyncConnection, identity: str, look_again: datetime
    ) -> None:
        await connection.execute(
            update(_GUIDANCE)
            .where(_GUIDANCE.c.id == identity)
            .values(look_again=look_again.timestamp())
        )

    async def due(self, connection: AsyncConnection, now: datetime, limit: int = 50) -> list[Row]:
        """Active guidance that is to be looked at again, longest due first."""
        query = (
            select(_GUIDANCE)
            .where(_GUIDANCE.c.state == "active", _GUIDANCE.c.look_again <= now.timestamp())
            .order_by(_GUIDANCE.c.look_again)
            .limit(limit)
        )
        return [_row(row) for row in (await connection.execute(query)).all()]

    async def page(
        self, connection: AsyncConnection, state: str, limit: int, offset: int
    ) -> tuple[list[EvacuationGuidance], int]:
        """Guidance of one state, newest first, and how much there is of it."""
        of_state = _GUIDANCE.c.state == state
        count = select(func.count()).select_from(_GUIDANCE).where(of_state)
        query = (
            select(_GUIDANCE)
            .where(of_state)
            .order_by(_GUIDANCE.c.issued.desc(), _GUIDANCE.c.id)
            .limit(limit)
            .offset(offset)
        )
        rows = (await connection.execute(query)).all()
        total = (await connection.execute(count)).scalar_one()
        return [_row(row).guidance for row in rows], int(total)


def _row(row: Any) -> Row:
    return Row(EvacuationGuidance.model_validate_json(row.body), orjson.loads(row.alert))
