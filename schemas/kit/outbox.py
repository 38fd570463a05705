"""Transactional outbox: what must be said is written with the fact itself, and said until heard.

A component writes its change and the message in one transaction; a relay hands the messages, in
order, to a sink (the log, or the broker's API) and forgets each only when the sink has taken it.
Whatever dies in between, nothing is lost; the same message may be said twice, so each carries an
identity that the receiver knows it by.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.bulk import insert_many
from schemas.kit.message import Message, Refusal, Sink
from schemas.kit.relay import Relay
from schemas.kit.store import Store

__all__ = ["Message", "Outbox", "Refusal", "Sink", "outbox_table"]

_REFUSED = "refused table"


def outbox_table(metadata: MetaData, name: str = "outbox") -> Table:
    """The outbox's table, to be declared beside the component's own.

    Beside it stands ``<name>_refused``, for messages that the receiver will never take.
    """
    refused = Table(
        f"{name}_refused",
        metadata,
        *_message_columns(),
        Column("reason", String(2000), nullable=False),
        Column("refused", BigInteger, nullable=False),  # microseconds since the epoch
    )
    return Table(
        name,
        metadata,
        *_message_columns(),
        Column("added", BigInteger, nullable=False),  # microseconds since the epoch
        sqlite_autoincrement=True,
        info={_REFUSED: refused},
    )


def _message_columns() -> tuple[Column[Any], ...]:
    return (
        Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("channel", String(255), nullable=False),
        Column("key", String(1024), nullable=False, index=True),
        Column("body", LargeBinary, nullable=False),
        Column("headers", String(4096), nullable=False),
    )


class Outbox:
    """The outbox of one component.

    Args:
        store: the component's store; ``table`` must be in its metadata.
        sink: where messages go.
        batch: how many are handed over at once.
        retry: seconds to wait after a failure, doubled up to ``retry_most``.
    """

    def __init__(
        self,
        store: Store,
        table: Table,
        sink: Sink,
        *,
        batch: int = 500,
        retry: float = 0.2,
        retry_most: float = 5.0,
    ) -> None:
        self._store, self._table = store, table
        self._refused: Table = table.info[_REFUSED]
        self._relay = Relay(
            store, table, self._refused, sink, batch=batch, retry=retry, retry_most=retry_most
        )

    async def add(
        self, connection: AsyncConnection, messages: Iterable[Message], *, latest: bool = False
    ) -> None:
        """Write messages in the caller's transaction; call :meth:`wake` once it is committed.

        Args:
            latest: the messages are states, not happenings: earlier ones that still wait on the
                same channel under the same key are dropped, so that a sink which is away for long
                costs no more than one message a key.
        """
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        rows = [
            {"channel": m.channel, "key": m.key, "body": m.body, "headers": m.headers, "added": now}
            for m in messages
        ]
        if rows and latest:
            await self._drop(connection, rows)
        if rows:
            await insert_many(connection, self._table, rows)

    async def _drop(self, connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
        same = (self._table.c.channel == bindparam("c")) & (self._table.c.key == bindparam("k"))
        stale = [{"c": row["channel"], "k": row["key"]} for row in rows]
        await connection.execute(delete(self._table).where(same), stale)

    async def say(self, messages: Iterable[Message]) -> None:
        """Write messages in a transaction of their own, and wake the relay."""
        async with self._store.write() as connection:
            await self.add(connection, messages)
        self.wake()

    async def waiting(self) -> tuple[int, float]:
        """How many messages wait, and for how many seconds the oldest has."""
        async with self._store.read() as connection:
            row = (
                await connection.execute(
                    select(func.count(), func.min(self._table.c.added)).select_from(self._table)
                )
            ).one()
        age = datetime.now(UTC).timestamp() - row[1] / 1_000_000 if row[1] else 0.0
        return int(row[0]), max(0.0, age)

    async def set_aside(self, limit: int = 100) -> list[Refusal]:
        """The latest messages that the receiver refused for good, newest first."""
        table = self._refused
        query = select(table).order_by(table.c.position.desc()).limit(limit)
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Refusal(Message(row.channel, row.key, row.body, row.headers), row.reason)
            for row in rows
        ]

    @property
    def failures(self) -> int:
        """Attempts to deliver that failed since the last success: 0 means healthy."""
        return self._relay.failures

    def wake(self) -> None:
        self._relay.wake()

    def start(self) -> None:
        self._relay.start()

    async def stop(self) -> None:
        """Stop delivering; what waits stays written, for the next start."""
        await self._relay.stop()

    async def relay_once(self) -> bool:
        """Hand one batch over; whether there was one."""
        return await self._relay.once()
