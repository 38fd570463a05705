"""A token that somebody shows: what it says, and whether it is still good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from gateway.control import tables
from gateway.control.oauth import records
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant, Refresh
from gateway.control.staff import grants as staff_grants
from gateway.control.state import Control
from schemas.policy import CLAIM_GRANT


@dataclass(frozen=True, slots=True)
class Presented:
    """The token that the request is about, as far as it is one of ours."""

    client_id: str
    claims: dict[str, Any] | None
    refresh: Refresh | None
    grant: Grant | None
    revoked: bool
    expired: bool

    # What Authlib asks of a token
    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def is_expired(self) -> bool:
        return self.expired

    def is_revoked(self) -> bool:
        return self.revoked


async def find_access_token(control: Control, token: str, now: int) -> Presented | None:
    """An access token of this issuer that has not expired, revoked or not; ``None`` for others."""
    claims = control.token_maker(now).read(token)
    if claims is None:
        return None
    revoked, grant = await _is_revoked(control, claims)
    return Presented(
        client_id=claims["client_id"],
        claims=claims,
        refresh=None,
        grant=grant,
        revoked=revoked,
        expired=False,
    )


async def _is_revoked(control: Control, claims: dict[str, Any]) -> tuple[bool, Grant | None]:
    """Whether it is, by itself, with its grant or with its client; and the grant."""
    async with control.store.read() as connection:
        table = tables.revoked_tokens
        query = select(table.c.jti).where(table.c.jti == claims["jti"])
        single = (await connection.execute(query)).scalar() is not None
        gid = claims.get(CLAIM_GRANT)
        grant = await records.find_grant(connection, gid) if gid else None
        of_staff = await staff_grants.find(connection, gid) if gid and grant is None else None
        clients = tables.clients
        row = (
            await connection.execute(
                select(clients.c.suspended, clients.c.revoked_before).where(
                    clients.c.client_id == claims["client_id"]
                )
            )
        ).one_or_none()
    whole = grant or of_staff
    family = bool(gid) and (whole is None or whole.revoked is not None)
    client = row is None or row.suspended or claims["iat"] <= row.revoked_before
    return single or family or client, grant
