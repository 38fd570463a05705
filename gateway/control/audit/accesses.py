"""``POST /internal/accesses``: from the gateway workers' journals into the log, once each."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import PLATFORM, AuditEvent
from gateway.control.audit.uses import ACCESS
from gateway.control.state import Control, ControlDep
from schemas.consent import ACCESSES_PATH

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

_MOST: Final = 1000
_FORBIDDEN: Final = (401, 403)

Name = Annotated[str, Field(max_length=256)]


class AccessIn(BaseModel):
    """See :class:`schemas.consent.Access`."""

    at: Annotated[int, Field(ge=0)]
    client: Name
    subject: Name
    route: Name
    method: Name
    dataset: Name
    purpose: Name
    fields: Annotated[list[Name], Field(max_length=100)]
    consent: Name
    grant: Name
    request: Name
    status: Annotated[int, Field(ge=0, le=999)]


class AccessesIn(BaseModel):
    """See :class:`schemas.consent.Accesses`."""

    journal: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    first: Annotated[int, Field(ge=0)]
    accesses: Annotated[list[AccessIn], Field(max_length=_MOST)]


@router.post(ACCESSES_PATH)
async def take_accesses(piece: AccessesIn, control: ControlDep) -> dict[str, int]:
    """Append what of the piece the log does not have.

    The same piece sent again, whole or in part, adds nothing. One that begins later than the log
    expects means that a part was lost (a restored backup, say): it is taken, and the gap is an
    event of its own (``trail.gap``).
    """
    async with control.store.write() as connection:
        held = await _held(control, connection, piece.journal)
        new = piece.accesses[max(0, held - piece.first) :]
        events = [_event(access) for access in new]
        if new and piece.first > held:
            logger.error("journal %s lacks %d accesses", piece.journal, piece.first - held)
            detail = {"first": held, "upto": piece.first}
            gap = AuditEvent(control.now_ms(), PLATFORM, "trail.gap", piece.journal, detail=detail)
            events.insert(0, gap)
        held = max(held, piece.first + len(piece.accesses)) if piece.accesses else held
        await control.audit.append(connection, *events)
        row: dict[str, Any] = {"journal": piece.journal, "next": held}
        await connection.execute(control.store.upsert(tables.access_journals, **row))
    return {"next": held}


async def _held(control: Control, connection: AsyncConnection, journal: str) -> int:
    """How much of a journal the log has; others that send the same wait until the commit."""
    await control.store.serialise(connection, "accesses")
    table = tables.access_journals
    found = await connection.scalar(select(table.c.next).where(table.c.journal == journal))
    return int(found or 0)


def _event(access: AccessIn) -> AuditEvent:
    detail = {
        "consent": access.consent,
        "fields": access.fields,
        "grant": access.grant,
        "method": access.method,
        "request": access.request,
        "status": access.status,
    }
    return AuditEvent(
        access.at,
        access.client,
        ACCESS,
        access.route,
        access.subject,
        detail,
        _outcome(access.status),
        {"dataset": access.dataset, "purpose": access.purpose},
    )


def _outcome(status: int) -> str:
    if status == 0:
        return "unknown"
    if status in _FORBIDDEN:
        return "refused"
    return "done" if status < 400 else "failed"
