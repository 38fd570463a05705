"""What a member of staff let a client do in their name: for a few hours, by their roles."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.staff.accounts import Staff
from gateway.control.staff.roles import scopes_of
from schemas.scopes import parse

LIFETIME: Final = 4 * 3600
"""Seconds; then they sign in again. There is no refresh token, and suspension ends it at once."""
ACR: Final = "urn:supercity:aal:2"
"""Staff have always shown both factors."""
AMR: Final = ("pwd", "otp")
"""RFC 8176."""


@dataclass(frozen=True, slots=True)
class StaffGrant:
    """Attributes:
    authenticated: seconds since the epoch; ``auth_time`` of its tokens.
    """

    gid: str
    staff_id: str
    client_id: str
    scope: str
    authenticated: int
    expires: int
    revoked: int | None = None

    def is_alive(self, now: int) -> bool:
        return self.revoked is None and now < self.expires

    def claims(self) -> dict[str, Any]:
        """What its tokens say besides what every token says (RFC 9068 §2.2.1)."""
        return {
            "sub": self.staff_id,
            "gid": self.gid,
            "acr": ACR,
            "amr": list(AMR),
            "auth_time": self.authenticated,
        }


def new_grant(
    staff: Staff, client_id: str, asked: str, now: int, lifetime: int = LIFETIME
) -> StaffGrant | None:
    """For what of the scopes asked the person's roles allow; ``None`` when that is nothing."""
    allowed = scopes_of(staff.roles) & parse(asked)
    if not allowed:
        return None
    scope = " ".join(sorted(allowed))
    return StaffGrant(uuid.uuid4().hex, staff.staff_id, client_id, scope, now, now + lifetime)


async def add(connection: AsyncConnection, grant: StaffGrant) -> None:
    row = {name: getattr(grant, name) for name in grant.__slots__}
    await connection.execute(insert(tables.staff_grants).values(**row))


async def find(connection: AsyncConnection, gid: str) -> StaffGrant | None:
    table = tables.staff_grants
    row = (await connection.execute(select(table).where(table.c.gid == gid))).mappings()
    found = row.one_or_none()
    return StaffGrant(**found) if found else None


async def revoke_all(connection: AsyncConnection, staff_id: str, now: int) -> None:
    """Everything that the person has running ends: in browsers at once, in every gateway with the
    next policy."""
    sessions, table = tables.staff_sessions, tables.staff_grants
    await connection.execute(delete(sessions).where(sessions.c.staff_id == staff_id))
    await connection.execute(
        update(table)
        .where(table.c.staff_id == staff_id, table.c.revoked.is_(None))
        .values(revoked=now)
    )


async def revoked(connection: AsyncConnection, now: int) -> dict[str, int]:
    """Grant id → when its last token would have ended."""
    table = tables.staff_grants
    query = select(table.c.gid, table.c.expires).where(
        table.c.revoked.is_not(None), table.c.expires > now
    )
    return {row.gid: row.expires for row in await connection.execute(query)}


async def forget_expired(connection: AsyncConnection, now: int) -> None:
    for table in (tables.staff_grants, tables.device_requests):
        await connection.execute(delete(table).where(table.c.expires < now))
