"""Where alerts and the messages that made them are kept."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection


class Filed(NamedTuple):
    """Where a message is filed; ``digest`` is empty while it is only known by reference."""

    alert_id: str
    digest: bytes


class Stored(NamedTuple):
    """An alert as it is kept: ``body`` is its entity as JSON, times are POSIX seconds."""

    id: str
    status: str
    state: str
    order: str
    sent: int
    ends: int | None
    body: bytes


class AlertStore:
    """The tables, to be declared among the connector's."""

    def __init__(self, metadata: MetaData) -> None:
        self._alerts = Table(
            "alerts",
            metadata,
            Column("id", String(512), primary_key=True),
            Column("status", String(16), nullable=False, index=True),
            Column("state", String(16), nullable=False),
            Column("order", String(80), nullable=False),
            Column("sent", BigInteger, nullable=False, index=True),
            Column("ends", BigInteger, index=True),
            Column("body", LargeBinary, nullable=False),
        )
        self._messages = Table(
            "alert_messages",
            metadata,
            # keys are as long as their senders like: the table has them hashed
            Column("key", LargeBinary(32), primary_key=True),
            Column("alert_id", String(512), nullable=False),
            Column("digest", LargeBinary(32), nullable=False),
        )

    async def one_at_a_time(self, connection: AsyncConnection) -> None:
        """Hold back other writers until the transaction ends; SQLite does so anyway."""
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(7331002)"))

    # --- messages

    async def filed(self, connection: AsyncConnection, keys: list[str]) -> dict[str, Filed]:
        """Those of the messages that are known."""
        by_hash = {_hash(key): key for key in keys}
        table = self._messages
        rows = await connection.execute(select(table).where(table.c.key.in_(list(by_hash))))
        return {by_hash[bytes(row.key)]: Filed(row.alert_id, bytes(row.digest)) for row in rows}

    async def file(
        self,
        connection: AsyncConnection,
        alert_id: str,
        keys: list[str],
        filed: dict[str, Filed],
        digest: bytes,
    ) -> None:
        """File a message (the first of ``keys``), and those it replaces, under an alert."""
        own, *others = keys
        rows = [{"key": _hash(own), "alert_id": alert_id, "digest": digest}]
        rows += [
            {
                "key": _hash(key),
                "alert_id": alert_id,
                "digest": filed[key].digest if key in filed else b"",
            }
            for key in dict.fromkeys(others)
        ]
        table = self._messages
        await connection.execute(delete(table).where(table.c.key.in_([row["key"] for row in rows])))
        await connection.execute(insert(table), rows)

    # --- alerts

    async def find(self, connection: AsyncConnection, alert_id: str) -> Stored | None:
        table = self._alerts
        row = (await connection.execute(select(table).where(table.c.id == alert_id))).one_or_none()
        return _stored(row) if row else None

    async def get(self, connection: AsyncConnection, alert_id: str) -> Stored:
        found = await self.find(connection, alert_id)
        if found is None:
            raise LookupError(f"no alert {alert_id} though a message is filed under it")
        return found

    async def put(self, connection: AsyncConnection, alert: Stored) -> None:
        table = self._alerts
        await connection.execute(delete(table).where(table.c.id == alert.id))
        await connection.execute(insert(table), alert._asdict())

    async def ended(self, connection: AsyncConnection, now: int) -> list[Stored]:
        """Active alerts whose time is over."""
        table = self._alerts
        over = and_(table.c.state == "active", table.c.ends <= now)
        return [_stored(row) for row in await connection.execute(select(table).where(over))]

    async def page(
        self,
        connection: AsyncConnection,
        statuses: Iterable[str],
        state: str,
        now: int,
        limit: int,
        offset: int,
    ) -> tuple[list[Stored], int]:
        """A page, latest first; ``state`` is one of the states, or ``all``."""
        table = self._alerts
        wanted = and_(table.c.status.in_(list(statuses)), self._in_state(state, now))
        count = select(func.count()).select_from(table).where(wanted)
        total = int((await connection.execute(count)).scalar_one())
        query = select(table).where(wanted).order_by(table.c.sent.desc(), table.c.id)
        rows = await connection.execute(query.limit(limit).offset(offset))
        return [_stored(row) for row in rows], total

    def _in_state(self, state: str, now: int) -> Any:
        table = self._alerts
        standing = or_(table.c.ends.is_(None), table.c.ends > now)
        return {
            "active": and_(table.c.state == "active", standing),
            "cancelled": table.c.state == "cancelled",
            "expired": or_(
                table.c.state == "expired", and_(table.c.state == "active", table.c.ends <= now)
            ),
            "all": table.c.id.is_not(None),
        }[state]


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _stored(row: Any) -> Stored:
    return Stored(row.id, row.status, row.state, row.order, row.sent, row.ends, bytes(row.body))
