"""A resident's consents in the store: the living, those that are over, and ending one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.event import RESIDENT, AuditEvent
from gateway.control.oauth.consent_trail import SECTOR
from gateway.control.oauth.effects import RevokeGrant
from gateway.control.residents import Resident
from gateway.control.state import Control

_MOST = 200


@dataclass(frozen=True, slots=True)
class Consent:
    """What a resident has agreed to. Times in seconds since the epoch.

    Attributes:
        client: the application's name; its id where it is not registered any more.
        ended: when it was withdrawn or revoked; None if it was not.
    """

    gid: str
    client: str
    scopes: tuple[str, ...]
    given: int
    until: int
    ended: int | None

    def is_alive(self, now: int) -> bool:
        return self.ended is None and now < self.until


async def of(connection: AsyncConnection, resident: Resident) -> list[Consent]:
    """The newest first."""
    grant, client = tables.grants, tables.clients
    query = (
        select(grant, client.c.name)
        .select_from(grant.outerjoin(client, client.c.client_id == grant.c.client_id))
        .where(grant.c.resident_id == resident.resident_id)
        .order_by(grant.c.created.desc(), grant.c.gid)
        .limit(_MOST)
    )
    return [
        Consent(
            gid=row.gid,
            client=row.name or row.client_id,
            scopes=tuple(row.scope.split()),
            given=row.created,
            until=row.expires,
            ended=row.revoked,
        )
        for row in await connection.execute(query)
    ]


async def withdraw(control: Control, resident: Resident, gid: str) -> bool:
    """End a consent: its tokens are refused by every gateway as soon as the policy is there.

    Returns:
        Whether there was one of this resident to end.
    """
    now = control.now()
    async with control.store.read() as connection:
        mine = {one.gid for one in await of(connection, resident) if one.is_alive(now)}
    if gid not in mine:
        return False
    async with control.change() as connection:
        await RevokeGrant(gid).apply(connection, now)
        subject = control.pseudonyms.of(resident.resident_id, SECTOR)
        event = AuditEvent(control.now_ms(), RESIDENT, "consent.withdraw", gid, subject)
        await control.audit.append(connection, event)
    return True
