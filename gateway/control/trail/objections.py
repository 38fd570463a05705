"""Objections: a resident does not agree with a line of the trail, and somebody has to answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import RESIDENT, AuditEvent
from gateway.control.state import Control
from gateway.control.trail.uses import Which
from schemas.kit.envelope import Key

MOST_OPEN: Final = 50
"""Of one resident, that nobody has answered yet."""
LONGEST: Final = 1000
"""Characters of a reason, and of an answer."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Times are seconds since the epoch; ``answered`` is None while nobody has answered."""

    id: str
    which: Which
    reason: str
    made: int
    answered: int | None
    answer: str


async def make(control: Control, subject: str, which: Which, reason: str) -> bool:
    """Object to a line.

    Returns:
        Whether it is one more: not if there is an unanswered one to the same line, or too many.
    """
    table = tables.objections
    mine = (table.c.subject == subject) & table.c.answered.is_(None)
    same = mine & (table.c.day == which.day)
    for name in ("client", "dataset", "purpose"):
        same &= table.c[name] == getattr(which, name)
    async with control.store.write() as connection:
        await control.store.serialise(connection, f"objections/{subject}")
        count = await connection.scalar(select(func.count()).where(mine))
        if (count or 0) >= MOST_OPEN or await connection.scalar(select(table.c.id).where(same)):
            return False
        key = (await control.audit.envelopes.keys(connection, [subject]))[subject]
        if key is None:
            return False
        name = str(uuid.uuid4())
        sealed = key.seal(reason[:LONGEST].encode(), name.encode())
        row = {"id": name, "subject": subject, "reason": sealed, "made": control.now()}
        await connection.execute(insert(table).values(**row, **which._asdict()))
        await _log(control, connection, RESIDENT, "resident.object", name, subject, which)
    return True


async def answer(control: Control, client: str, name: str, text: str) -> bool:
    """Answer an objection, for the resident to read.

    Returns:
        Whether there was one without an answer.
    """
    table = tables.objections
    async with control.store.write() as connection:
        row = (await connection.execute(select(table).where(table.c.id == name))).one_or_none()
        if row is None or row.answered is not None:
            return False
        key = (await control.audit.envelopes.held(connection, [row.subject])).get(row.subject)
        if key is None:
            return False
        sealed = key.seal(text[:LONGEST].encode(), f"{name}/answer".encode())
        open_one = (table.c.id == name) & table.c.answered.is_(None)
        done = update(table).where(open_one).values(answered=control.now(), answer=sealed)
        if (await connection.execute(done)).rowcount != 1:
            return False
        which = Which(row.day, row.client, row.dataset, row.purpose)
        await _log(control, connection, client, "objection.answer", name, row.subject, which)
    return True


async def _log(
    control: Control,
    connection: AsyncConnection,
    client: str,
    action: str,
    name: str,
    subject: str,
    which: Which,
) -> None:
    event = AuditEvent(control.now_ms(), client, action, name, subject, which._asdict())
    await control.audit.append(connection, event)


async def of(control: Control, connection: AsyncConnection, subject: str) -> list[Objection]:
    """A resident's own, the newest first."""
    table = tables.objections
    query = select(table).where(table.c.subject == subject).order_by(table.c.made.desc())
    return await _read(control, connection, query.limit(200))


async def all_of_them(
    control: Control, connection: AsyncConnection, *, dataset: str, unanswered: bool, limit: int
) -> list[Objection]:
    """Everybody's, the oldest first."""
    table = tables.objections
    query = select(table).order_by(table.c.made, table.c.id).limit(limit)
    if dataset:
        query = query.where(table.c.dataset == dataset)
    if unanswered:
        query = query.where(table.c.answered.is_(None))
    return await _read(control, connection, query)


async def _read(control: Control, connection: AsyncConnection, query: Any) -> list[Objection]:
    rows = list(await connection.execute(query))
    keys = await control.audit.envelopes.held(connection, {row.subject for row in rows})
    return [_open(row, keys[row.subject]) for row in rows if row.subject in keys]


def _open(row: Any, key: Key) -> Objection:
    answered = key.open(row.answer, f"{row.id}/answer".encode()).decode() if row.answer else ""
    return Objection(
        row.id,
        Which(row.day, row.client, row.dataset, row.purpose),
        key.open(row.reason, row.id.encode()).decode(),
        row.made,
        row.answered,
        answered,
    )
