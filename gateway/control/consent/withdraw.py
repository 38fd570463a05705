"""Ending consents: the one way, whoever ends them and however.

A resident at ``/my``, an app at the revocation endpoint, an operator, a code that was used twice:
all of them come through :func:`withdraw`, so that whatever must happen then is in :data:`HOOKS`
and nowhere else. What runs out by itself at its ``until`` does not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import SECTOR, AuditEvent
from gateway.control.consent import records as consents
from gateway.control.consent.ending import Ending
from gateway.control.consent.records import Given
from gateway.control.oauth import records
from gateway.control.oauth.records import Grant
from gateway.control.state import Control
from gateway.control.told.notice import note

Hook = Callable[[Control, AsyncConnection, Ending], Awaitable[None]]
"""Runs in the transaction that ends the consents: what it writes is kept with the end, or with it
not. It must not wait for anybody outside; it leaves that to a task that reads what it wrote."""

Action = Literal["consent.withdraw", "consent.end"]


async def withdraw(
    control: Control,
    connection: AsyncConnection,
    gid: str,
    *,
    actor: str,
    action: Action = "consent.end",
    consent_id: str = "",
) -> Ending | None:
    """End one consent of a grant, or all of them with the grant.

    Every gateway refuses what has ended as soon as it has the policy, so ``connection`` must be of
    :meth:`Control.change`. With its last living consent a grant ends too.

    Args:
        consent_id: the one to end; the whole grant when left out.

    Returns:
        What ended; ``None`` if there was nothing left to end.
    """
    now = control.now()
    grant = await records.find_grant(connection, gid)
    if grant is None or grant.revoked is not None:
        return None
    alive = [one for one in await consents.of_grant(connection, gid) if one.is_alive(now)]
    chosen = [one for one in alive if consent_id in ("", one.consent_id)]
    if consent_id and not chosen:
        return None
    whole = len(chosen) == len(alive)
    if not await _end(connection, grant, chosen, now, whole=whole):
        return None
    ended = tuple(replace(one, withdrawn=now) for one in chosen)
    ending = Ending(grant, ended, whole, action, actor, control.now_ms())
    for hook in HOOKS:
        await hook(control, connection, ending)
    return ending


async def _end(
    connection: AsyncConnection, grant: Grant, chosen: list[Given], now: int, *, whole: bool
) -> bool:
    """Mark the ends; False if somebody else was first."""
    grants, table = tables.grants, tables.consents
    first = True
    if whole:
        done = await connection.execute(
            update(grants)
            .where(grants.c.gid == grant.gid, grants.c.revoked.is_(None))
            .values(revoked=now)
        )
        first = done.rowcount == 1
    if chosen and first:
        done = await connection.execute(
            update(table)
            .where(
                table.c.consent_id.in_([one.consent_id for one in chosen]),
                table.c.withdrawn.is_(None),
            )
            .values(withdrawn=now)
        )
        first = whole or done.rowcount == len(chosen)
    return first


async def record(control: Control, connection: AsyncConnection, ending: Ending) -> None:
    """Put it into the audit log."""
    event = AuditEvent(
        ending.at,
        ending.actor,
        ending.action,
        ending.grant.gid,
        control.pseudonyms.of(ending.grant.resident_id, SECTOR),
        {"consents": [one.consent_id for one in ending.consents], "grant": ending.whole},
    )
    await control.audit.append(connection, event)


HOOKS: Final[list[Hook]] = [record, note]
"""What happens at every end, in this order."""
