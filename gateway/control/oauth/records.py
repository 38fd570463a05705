"""What is kept about grants, codes and refresh tokens, and what may be done to it once.

A *grant* is what a resident has said yes to; its id, ``gid``, names the family of all that came
from it. Codes and refresh tokens are stored as keyed hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.oauth.clients import Client

CODE_LIFETIME: Final = 60
REFRESH_LIFETIME: Final = 30 * 86_400
GRANT_LIFETIME: Final = 180 * 86_400


@dataclass(frozen=True, slots=True)
class Grant:
    gid: str
    client_id: str
    resident_id: str
    scope: str
    created: int
    expires: int
    revoked: int | None = None

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

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id


class Raced(Exception):
    """Somebody else has used it first: whoever comes second is not to be trusted."""

    def __init__(self, gid: str) -> None:
        super().__init__(gid)
        self.gid = gid


class Effect(Protocol):
    """One thing that a decision wants written."""

    async def apply(self, connection: AsyncConnection, now: int) -> None: ...


@dataclass(frozen=True, slots=True)
class UseAssertion:
    """RFC 7523 §3: a ``jti`` is accepted once."""

    client_id: str
    jti: str
    expires: int

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.assertions
        await connection.execute(delete(table).where(table.c.expires < now))
        row = {"client_id": self.client_id, "jti": self.jti, "expires": self.expires}
        try:
            await connection.execute(insert(table).values(**row))
        except IntegrityError as error:
            raise InvalidClientError(description="This assertion was used before.") from error


@dataclass(frozen=True, slots=True)
class UseCode:
    code: Code

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.codes
        await _use_once(connection, table, self.code.hash, self.code.gid, now)


@dataclass(frozen=True, slots=True)
class UseRefresh:
    refresh: Refresh

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.refresh_tokens
        await _use_once(connection, table, self.refresh.hash, self.refresh.gid, now)


async def _use_once(
    connection: AsyncConnection, table: Any, hashed: str, gid: str, now: int
) -> None:
    """Compare and consume in one statement, and only while the grant is alive."""
    alive = select(tables.grants.c.gid).where(
        tables.grants.c.gid == gid, tables.grants.c.revoked.is_(None)
    )
    used = await connection.execute(
        update(table)
        .where(table.c.hash == hashed, table.c.used.is_(None), table.c.gid.in_(alive))
        .values(used=now)
    )
    if used.rowcount != 1:
        raise Raced(gid)


@dataclass(frozen=True, slots=True)
class KeepRefresh:
    refresh: Refresh

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        await connection.execute(insert(tables.refresh_tokens).values(**_row(self.refresh)))


@dataclass(frozen=True, slots=True)
class KeepGrant:
    """A resident has said yes: the grant, and the code that hands it over."""

    grant: Grant
    code: Code

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        await connection.execute(insert(tables.grants).values(**_row(self.grant)))
        await connection.execute(insert(tables.codes).values(**_row(self.code)))


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """End a whole family: its refresh tokens at once, its access tokens by the next policy."""

    gid: str

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.grants
        await connection.execute(
            update(table)
            .where(table.c.gid == self.gid, table.c.revoked.is_(None))
            .values(revoked=now)
        )


@dataclass(frozen=True, slots=True)
class RevokeToken:
    jti: str
    expires: int

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.revoked_tokens
        await connection.execute(delete(table).where(table.c.jti == self.jti))
        await connection.execute(insert(table).values(jti=self.jti, expires=self.expires))


def gone() -> InvalidGrantError:
    return InvalidGrantError(description="This was used before; the whole grant is now revoked.")


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


async def _find(connection: AsyncConnection, table: Any, hashed: str) -> dict[str, Any] | None:
    row = (await connection.execute(select(table).where(table.c.hash == hashed))).mappings()
    found = row.one_or_none()
    return dict(found) if found else None


def _row(record: Grant | Code | Refresh) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


async def forget_expired(connection: AsyncConnection, now: int) -> None:
    """Delete what can no longer be used; a used code is known a day longer, to see its replay."""
    for table in (tables.refresh_tokens, tables.revoked_tokens, tables.assertions):
        await connection.execute(delete(table).where(table.c.expires < now))
    await connection.execute(delete(tables.codes).where(tables.codes.c.expires < now - 86_400))
    await connection.execute(delete(tables.grants).where(tables.grants.c.expires < now))
