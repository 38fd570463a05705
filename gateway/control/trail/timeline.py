"""The timeline of uses: what of it is asked for, a page at a time, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import SECTOR
from gateway.control.audit.opened import Opened
from gateway.control.audit.uses import COUNTED, day_of
from gateway.control.policy.snapshot import ZONE
from gateway.control.state import Control
from gateway.control.trail import uses
from gateway.control.trail.uses import Line

_ZONE: Final = ZoneInfo(ZONE)
DAYS: Final = ("7", "30", "365")
"""Periods that can be asked for; else all of it."""
_LONGEST_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be shown; empty for all.

    Attributes:
        app: a client's id.
        domain: where the data is from.
        days: one of :data:`DAYS`.
        before: number of the event before which the page begins; 0 for the newest.
    """

    app: str = ""
    domain: str = ""
    days: str = ""
    before: int = 0

    @property
    def filters(self) -> dict[str, str]:
        return {"app": self.app, "domain": self.domain, "days": self.days}


@dataclass(frozen=True, slots=True)
class Page:
    """Some days of the timeline, the newest first.

    Attributes:
        next: what ``before`` of the next page is; 0 on the last one.
    """

    lines: list[Line]
    next: int


def asked(query: Mapping[str, str]) -> Asked:
    """From the page's address; what is nonsense is as if it were not there."""
    days, before = query.get("days", ""), query.get("before", "")
    return Asked(
        app=query.get("app", "")[:_LONGEST_ID],
        domain=query.get("domain", "")[:_LONGEST_ID],
        days=days if days in DAYS else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0,
    )


async def read(control: Control, connection: AsyncConnection, subject: str, what: Asked) -> Page:
    """A page of whole days, so that no line is in two parts."""
    since = control.now_ms() - int(what.days) * 86_400_000 if what.days else 0
    found = await uses.events(
        connection,
        control.audit.envelopes,
        subject,
        before=what.before or None,
        most=uses.MOST,
        since=since,
        client=what.app,
    )
    kept = _whole_days(found)
    after = kept[-1].number if len(found) == uses.MOST else 0
    lines = [one for one in uses.lines(kept) if _is_of(control, one, what.domain)]
    return Page(lines, after)


async def of_day(
    control: Control, connection: AsyncConnection, subject: str, day: str
) -> list[Line]:
    """The lines of one of the city's days; none for what is no day."""
    try:
        start = datetime.combine(date.fromisoformat(day), time(), _ZONE)
    except ValueError:
        return []
    end = start + timedelta(days=1)
    return uses.lines(
        await uses.events(
            connection,
            control.audit.envelopes,
            subject,
            most=uses.MOST * 10,
            since=int(start.timestamp() * 1000),
            until=int(end.timestamp() * 1000),
        )
    )


async def apps(connection: AsyncConnection, subject: str) -> list[str]:
    """Ids of the clients that are anywhere in the timeline."""
    table = tables.audit_events
    query = select(table.c.client).where(table.c.subject == subject, table.c.action.in_(COUNTED))
    return sorted(await connection.scalars(query.distinct()))


def domains(control: Control) -> dict[str, str]:
    """Where each data set of the catalogue is from."""
    return {
        dataset.id: api.info.domain
        for api in control.publisher.current.apis
        for dataset in api.info.datasets
    }


def subject_of(control: Control, resident_id: str) -> str:
    return control.pseudonyms.of(resident_id, SECTOR)


def _whole_days(found: list[Opened]) -> list[Opened]:
    """Without the last day, of which there may be more, unless there is no other."""
    if len(found) < uses.MOST:
        return found
    last = day_of(found[-1].said["at"])
    return [one for one in found if day_of(one.said["at"]) != last] or found


def _is_of(control: Control, line: Line, domain: str) -> bool:
    known: dict[str, Any] = domains(control) if domain else {}
    return not domain or any(known.get(one) == domain for one in line.which.dataset.split())
