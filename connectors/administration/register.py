"""The register of filings: durable, each change with its event in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.administration.filing_tables import FilingTables
from connectors.administration.filings import FINAL, Decision, Filing, NewFiling, check
from connectors.publish import Publisher
from schemas.administration import FILING_DECIDED, FILING_RECEIVED, FilingChanged, FilingState
from schemas.cloudevents import CloudEvent, event
from schemas.kit.store import Store
from schemas.ngsild import urn
from schemas.problem import NotFound, Unprocessable


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
        tables: FilingTables,
        publisher: Publisher,
        *,
        source: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store, self._tables, self._publisher = store, tables, publisher
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
                return await self._tables.whole(connection, before)
            identity, now = str(uuid4()), self._now()
            values = {
                "id": identity,
                "subject": subject,
                "procedure": new.procedure,
                "state": "received",
                "fields": body,
                "filed_at": now.isoformat(),
                "idempotency_key": key.digest() if key else None,
                "digest": digest,
            }
            await connection.execute(insert(self._tables.filings).values(values))
            await self._tables.add_step(connection, identity, "received", "", now)
            filing = await self._one(connection, self._tables.filings.c.id == identity)
            await self._publisher.say(
                connection, events=[self._event(FILING_RECEIVED, filing, subject)]
            )
        self._publisher.outbox.wake()
        return filing

    async def decide(self, identity: str, decision: Decision) -> Filing:
        """Take a filing to another state.

        Raises:
            NotFound, Conflict, Unprocessable: see :func:`connectors.administration.filings.check`.
        """
        table = self._tables.filings
        this = table.c.id == identity
        async with self._store.write() as connection:
            # locked on PostgreSQL; on SQLite a writer is alone anyway
            query = select(table.c.state, table.c.subject).where(this).with_for_update()
            now = (await connection.execute(query)).one_or_none()
            if now is None:
                raise _unknown()
            check(now.state, decision)
            await connection.execute(update(table).where(this).values(state=decision.state))
            await self._tables.add_step(
                connection, identity, decision.state, decision.note, self._now()
            )
            filing = await self._one(connection, this)
            if decision.state in FINAL:
                event = self._event(FILING_DECIDED, filing, now.subject)
                await self._publisher.say(connection, events=[event])
        self._publisher.outbox.wake()
        return filing

    async def get(self, subject: str, identity: str) -> Filing:
        """A resident's own filing; another's is as unknown as one that does not exist."""
        table = self._tables.filings
        async with self._store.read() as connection:
            wanted = (table.c.id == identity) & (table.c.subject == subject)
            return await self._one(connection, wanted)

    async def page(
        self, limit: int, offset: int, *, subject: str = "", state: FilingState | None = None
    ) -> tuple[int, list[Filing]]:
        """Filings of a resident, or in a state; newest first: how many in all, and a page."""
        table = self._tables.filings
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
            return total, [await self._tables.whole(connection, row) for row in rows]

    async def _by_key(self, connection: AsyncConnection, subject: str, key: Key) -> Any:
        table = self._tables.filings
        same = (table.c.subject == subject) & (table.c.idempotency_key == key.digest())
        return (await connection.execute(select(table).where(same))).one_or_none()

    async def _one(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> Filing:
        query = select(self._tables.filings).where(wanted)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _unknown()
        return await self._tables.whole(connection, row)

    def _event(self, kind: str, filing: Filing, subject: str) -> CloudEvent:
        identity, at = urn("Filing", filing.id), filing.history[-1].at
        data = FilingChanged(filing=identity, procedure=filing.procedure, state=filing.state, at=at)
        return event(kind, data, source=self._source, subject=subject, time=at, key=identity)

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)


def _unknown() -> NotFound:
    return NotFound("There is no filing of that id here.")
