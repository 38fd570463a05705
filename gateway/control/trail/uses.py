"""What the audit log has of the uses of one resident's data, put together so that it is readable.

One line is a day on which a client used a data set for a purpose, however often. What was refused
is a line of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.opened import Opened, opened
from gateway.control.audit.uses import COUNTED, DISCLOSE, USED, day_of
from schemas.kit.envelope import Envelopes
from schemas.purposes import VITAL

MOST: Final = 1000
"""Events that a page is made of."""


class Which(NamedTuple):
    """What is one line, and what an objection is to."""

    day: str
    client: str
    dataset: str
    purpose: str


@dataclass(slots=True)
class Line:
    """One line of the trail.

    Attributes:
        count: how often.
        first, last: when, in milliseconds since the epoch.
        fields: what the answers were limited to; empty for all.
        used: data left; else it was asked for, and refused or not answered.
        emergency: it was disclosed to protect life, without consent.
        reason: of an emergency disclosure, in the words of who asked for it.
    """

    which: Which
    used: bool
    emergency: bool
    first: int
    last: int
    count: int = 0
    fields: set[str] = field(default_factory=set)
    reason: str = ""


async def events(
    connection: AsyncConnection,
    envelopes: Envelopes,
    subject: str,
    *,
    before: int | None = None,
    most: int = MOST,
    since: int = 0,
    until: int | None = None,
    client: str = "",
) -> list[Opened]:
    """The uses of a resident's data, the newest first.

    Args:
        subject: the pseudonym in the sector ``audit``.
        before: only those with a lower number.
        since, until: only those from one moment on and before another, in milliseconds.
        client: only those by this one.
    """
    table = tables.audit_events
    query = select(table).where(table.c.subject == subject, table.c.action.in_(COUNTED))
    if before is not None:
        query = query.where(table.c.number < before)
    if since:
        query = query.where(table.c.at >= since)
    if until is not None:
        query = query.where(table.c.at < until)
    if client:
        query = query.where(table.c.client == client)
    rows = await connection.execute(query.order_by(table.c.number.desc()).limit(most))
    return await opened(connection, envelopes, rows)


async def total(connection: AsyncConnection, subject: str) -> int:
    """How many uses there are."""
    table = tables.audit_events
    mine = (table.c.subject == subject) & table.c.action.in_(COUNTED)
    return int(await connection.scalar(select(func.count()).where(mine)) or 0)


def lines(found: list[Opened]) -> list[Line]:
    """The newest day first."""
    groups: dict[tuple[Which, bool, bool], Line] = {}
    for one in found:
        said, detail = one.said, one.detail
        which, used = which_of(said, detail), said["outcome"] in USED
        emergency = said["action"] == DISCLOSE or which.purpose == VITAL
        at: int = said["at"]
        line = groups.setdefault(
            (which, used, emergency), Line(which, used, emergency, first=at, last=at)
        )
        line.count += 1
        line.first, line.last = min(line.first, at), max(line.last, at)
        line.fields.update(detail.get("fields", ()))
        line.reason = str(detail.get("reason", line.reason))
    return sorted(groups.values(), key=lambda line: (line.which.day, line.last), reverse=True)


def which_of(said: dict[str, Any], detail: dict[str, Any]) -> Which:
    """The line that an event belongs to; a disclosure of several data sets names them all."""
    datasets = [detail["dataset"]] if "dataset" in detail else detail.get("datasets", [])
    named = " ".join(map(str, datasets))[:128]
    return Which(day_of(said["at"]), said["client"], named, str(detail.get("purpose", "")))
