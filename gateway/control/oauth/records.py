"""What is kept about grants, codes and refresh tokens.

A *grant* is what a resident has said yes to; its id, ``gid``, names the family of all that came
from it. Codes and refresh tokens are stored as keyed hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.oauth.clients import Client

CODE_LIFETIME: Final = 60
REFRESH_LIFETIME: Final = 30 * 86_400
GRANT_LIFETIME: Final = 180 * 86_400
EVIDENCE: Final = 3 * 366 * 86_400
"""How long what was agreed to can be shown after its end: as long as records of providing data to
third parties must be kept (APPI Art. 29 (2) with Enforcement Rules Art. 21)."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How and when a resident showed who they are (OpenID Connect Core §2).

    Attributes:
        auth_time: seconds since the epoch.
        acr: one of :data:`schemas.policy.ACR`.
        amr: methods (RFC 8176), with spaces between.
        ial: identity assurance level of the account (NIST SP 800-63A).
    """

    auth_time: int
    acr: str
    amr: str
    ial: int = 1


@dataclass(frozen=True, slots=True)
class Grant:
    gid: str
    client_id: str
    resident_id: str
    scope: str
    created: int
    expires: int
    revoked: int | None = None
    auth_time: int = 0
    acr: str = ""
    amr: str = ""
    """Of the :class:`SignIn` in which it was given."""
    ial: int = 1

    def is_alive(self, now: int) -> bool:
        return self.revoked is None and now < self.expires


@dataclass(frozen=True, slots=True)
class Code:
    hash: str
    gid: str
    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    expires: int
    used: int | None = None
    jkt: str = ""
    """Thumbprint of the key that it is bound to (RFC 9449 §10); empty for none."""
    nonce: str = ""

    # What Authlib's PKCE extension reads (RFC 7636 §4.4)
    @property
    def code_challenge(self) -> str:
        return self.challenge

    @property
    def code_challenge_method(self) -> str:
        return "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class Refresh:
    hash: str
    gid: str
    client_id: str
    scope: str
    expires: int
    used: int | None = None
    jkt: str = ""
    """Thumbprint of the key that it is bound to (RFC 9449 §5); empty for none."""

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id


async def find_code(connection: AsyncConnection, hashed: str) -> Code | None:
    row = await _find(connection, tables.codes, hashed)
    return Code(**row) if row else None


async def find_refresh(connection: AsyncConnection, hashed: str) -> Refresh | None:
    row = await _find(connection, tables.refresh_tokens, hashed)
    return Refresh(**row) if row else None


async def find_grant(connection: AsyncConnection, gid: str) -> Grant | None:
    query = select(tables.grants).where(tables.grants.c.gid == gid)
    row = (await connection.execute(query)).mappings().one_or_none()
    return Grant(**row) if row else None


async def living_grants_of_client(
    connection: AsyncConnection, client_id: str, now: int
) -> list[str]:
    """Their ids, oldest first."""
    table = tables.grants
    query = select(table.c.gid).where(
        table.c.client_id == client_id, table.c.revoked.is_(None), table.c.expires > now
    )
    return list((await connection.execute(query.order_by(table.c.created))).scalars())


async def living_grants_in_sandbox(
    connection: AsyncConnection, resident_id: str, now: int
) -> list[str]:
    """The ids of those that a resident gave to sandbox applications."""
    table, clients = tables.grants, tables.clients
    query = select(table.c.gid).where(
        table.c.resident_id == resident_id,
        table.c.revoked.is_(None),
        table.c.expires > now,
        table.c.client_id.in_(select(clients.c.client_id).where(clients.c.sandbox)),
    )
    return list((await connection.execute(query)).scalars())


async def _find(connection: AsyncConnection, table: Any, hashed: str) -> dict[str, Any] | None:
    row = (await connection.execute(select(table).where(table.c.hash == hashed))).mappings()
    found = row.one_or_none()
    return dict(found) if found else None


def row(record: Grant | Code | Refresh) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


async def forget_expired(connection: AsyncConnection, now: int) -> None:
    """Delete what can no longer be used; a used code is known a day longer, to see its replay."""
    for table in (
        tables.refresh_tokens,
        tables.revoked_tokens,
        tables.assertions,
        tables.pushed_requests,
    ):
        await connection.execute(delete(table).where(table.c.expires < now))
    await connection.execute(delete(tables.codes).where(tables.codes.c.expires < now - 86_400))
    await connection.execute(delete(tables.grants).where(tables.grants.c.expires < now))
    consents = tables.consents
    await connection.execute(delete(consents).where(consents.c.until < now - EVIDENCE))
