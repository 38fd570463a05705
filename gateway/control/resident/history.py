"""What the audit log has about one resident, as that resident may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import SECTOR
from gateway.control.audit.opened import opened
from gateway.control.policy import snapshot
from gateway.control.residents import Resident
from schemas.kit.envelope import Envelopes
from schemas.pseudonym import Pseudonyms

_MOST = 100
ZONE: Final = ZoneInfo(snapshot.ZONE)


def local(seconds: float) -> str:
    """The city's time, ``2026-11-24 15:04``."""
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%d %H:%M")


ACTIONS: Final = ("consent.give", "consent.withdraw", "consent.end")
"""What a resident is told of; each is a key of the pages' texts, with ``_`` for the point."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history.

    Attributes:
        at: local time, ``2026-11-24 15:04``.
        text: key of the text that says what happened.
        gid: the consent that it is about.
    """

    at: str
    text: str
    gid: str


async def of(
    connection: AsyncConnection, pseudonyms: Pseudonyms, envelopes: Envelopes, resident: Resident
) -> list[Happening]:
    """The newest first."""
    table = tables.audit_events
    query = (
        select(table)
        .where(
            table.c.subject == pseudonyms.of(resident.resident_id, SECTOR),
            table.c.action.in_(ACTIONS),
        )
        .order_by(table.c.number.desc())
        .limit(_MOST)
    )
    return [
        Happening(
            at=local(one.said["at"] / 1000),
            text=one.said["action"].replace(".", "_"),
            gid=one.target,
        )
        for one in await opened(connection, envelopes, await connection.execute(query))
    ]
