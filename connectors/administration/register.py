"""The register of filings: durable, each change with its event in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
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
    true,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.administration.filings import FINAL, Decision, Filing, NewFiling, Step, check
from connectors.publish import Publisher
from schemas.administration import FILING_DECIDED, FILING_RECEIVED, FilingChanged, FilingState
from schemas.cloudevents import CloudEvent, event
from schemas.kit.store import Store
from schemas.ngsild import urn
from schemas.problem import NotFound, Unprocessable


def register_tables(metadata: MetaData) -> tuple[Table, Table]:
    filings = Table(
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
    steps = Table(
        "filing_steps",
        metadata,
        Column("filing", String(36), ForeignKey("filings.id"), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("state", String(20), nullable=False),
        Column("at", String(40), nullable=False),
        Column("note", String(2000), nullable=False),
    )
    return filings, steps


@dataclass(frozen=True, slots=True)
class Key:
    """An ``Idempotency-Key`` as one client used it; kept as a digest only."""

    client: str
    value: str

    def digest(self) -> str:
        return sha256(f"{self.client}\0{self.value}".encode()).hexdigest()


class Register:
    """Filings of residents, who are known here by pseudonym only."""

    def __init__(
        self,
        store: Store,
        tables: tuple[Table, Table],
        publisher: Publisher,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._publisher = store, publisher
        self._filings, self._steps = tables
        self._source, self._clock = source, clock

    async def file(self, subject: str, new: NewFiling, key: Key | None) -> Filing:
        """File; the same key with the same content is the same filing.

        Raises:
            Unprocessable: the key was used for another content.
        """
        try:
            return await self._file(subject, new, key)
        except IntegrityError:
            # the same key at the same moment on PostgreSQL: the other one was first
            return await self._file(subject, new, key)

    async def _file(self, subject: str, new: NewFiling, key: Key | None) -> Filing:
        body = orjson.dumps(new.fields, option=orjson.OPT_SORT_KEYS)
        digest = sha256(new.procedure.encode() + b"\0" + body).hexdigest()
        async with self._store.write() as connection:
            if key and (before := await self._by_key(connection, subject, key)):
                if before.digest != digest:
                    raise Unprocessable("This Idempotency-Key was used for another filing.")
                return await self._whole(connection, before)
            identity = str(uuid4())
            values = {
                "id": identity,
                "subject": subject,
                "procedure": new.procedure,
                "state": "received",
                "fields": body,
                "filed_at": self._clock().isoformat(),
                "idempotency_key": key.digest() if key else None,
                "digest": digest,
            }
            await connection.execute(insert(self._filings).values(values))
            await self._step(connection, identity, 0, "received", "")
            filing = await self._one(connection, self._filings.c.id == identity)
            await self._publisher.say(connection, events=[self._event(FILING_RECEIVED, filing)])
        self._publisher.outbox.wake()
        return filing

    async def decide(self, identity: str, decision: Decision) -> Filing:
        """Take a filing to another state.

        Raises:
            NotFound, Conflict, Unprocessable: see :func:`connectors.administration.filings.check`.
        """
        table = self._filings
        async with self._store.write() as connection:
            # locked on PostgreSQL; on SQLite a writer is alone anyway
            query = select(table).where(table.c.id == identity).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise _unknown(identity)
            check(row.state, decision)
            change = update(table).where(table.c.id == identity).values(state=decision.state)
            await connection.execute(change)
            position = await self._next_position(connection, identity)
            await self._step(connection, identity, position, decision.state, decision.note)
            filing = await self._one(connection, table.c.id == identity)
            if decision.state in FINAL:
                events = [self._event(FILING_DECIDED, filing)]
                await self._publisher.say(connection, events=events)
        self._publisher.outbox.wake()
        return filing

    async def get(self, subject: str, identity: str) -> Filing:
        """A resident's own filing; another's is as unknown as one that does not exist."""
        table = self._filings
        async with self._store.read() as connection:
            wanted = (table.c.id == identity) & (table.c.subject == subject)
            return await self._one(connection, wanted)

    async def page(
        self, limit: int, offset: int, *, subject: str = "", state: FilingState | None = None
    ) -> tuple[int, list[Filing]]:
        """Filings of a resident, or in a state; newest first: how many in all, and a page."""
        table = self._filings
        wanted: ColumnElement[bool] = true()
        if subject:
            wanted &= table.c.subject == subject
        if state:
            wanted &= table.c.state == state
        order = (table.c.filed_at.desc(), table.c.id)
        query = select(table).where(wanted).order_by(*order).limit(limit).offset(offset)
        async with self._store.read() as connection:
            count = select(func.count()).select_from(table).where(wanted)
            total = (await connection.execute(count)).scalar_one()
            rows = (await connection.execute(query)).all()
            return total, [await self._whole(connection, row) for row in rows]

    async def _by_key(self, connection: AsyncConnection, subject: str, key: Key) -> Any:
        table = self._filings
        same = (table.c.subject == subject) & (table.c.idempotency_key == key.digest())
        return (await connection.execute(select(table).where(same))).one_or_none()

    async def _one(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> Filing:
        row = (await connection.execute(select(self._filings).where(wanted))).one_or_none()
        if row is None:
            raise _unknown("of that id")
        return await self._whole(connection, row)

    async def _whole(self, connection: AsyncConnection, row: Any) -> Filing:
        steps = self._steps
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

    async def _next_position(self, connection: AsyncConnection, identity: str) -> int:
        steps = self._steps
        query = select(func.max(steps.c.position)).where(steps.c.filing == identity)
        return int((await connection.execute(query)).scalar_one()) + 1

    async def _step(
        self, connection: AsyncConnection, identity: str, position: int, state: str, note: str
    ) -> None:
        step = {"filing": identity, "position": position, "state": state, "note": note}
        at = {"at": self._clock().isoformat()}
        await connection.execute(insert(self._steps).values(step | at))

    def _event(self, kind: str, filing: Filing) -> CloudEvent:
        identity, at = urn("Filing", filing.id), filing.history[-1].at
        data = FilingChanged(filing=identity, procedure=filing.procedure, state=filing.state, at=at)
        return event(kind, data, source=self._source, subject=identity, time=at, key=f"{identity}")


def _unknown(identity: str) -> NotFound:
    return NotFound(f"There is no filing {identity[:60]}.")
