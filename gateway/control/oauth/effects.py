"""What a decision wants written, each thing one small class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent.records import Given
from gateway.control.oauth.dpop import InvalidProof, Proof
from gateway.control.oauth.records import Code, Grant, Refresh, find_grant, row


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
        try:
            await _remember(connection, self.client_id, self.jti, self.expires, now)
        except IntegrityError as error:
            raise InvalidClientError(description="This assertion was used before.") from error


@dataclass(frozen=True, slots=True)
class UseProof:
    """RFC 9449 §11.1: so is that of a DPoP proof, by all processes together."""

    proof: Proof

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        proof = self.proof
        try:
            await _remember(connection, f"dpop {proof.jkt}", proof.jti, proof.expires, now)
        except IntegrityError as error:
            raise InvalidProof("This proof was used before.") from error


async def _remember(
    connection: AsyncConnection, whose: str, jti: str, expires: int, now: int
) -> None:
    table = tables.assertions
    await connection.execute(delete(table).where(table.c.expires < now))
    await connection.execute(insert(table).values(client_id=whose, jti=jti, expires=expires))


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
        await connection.execute(insert(tables.refresh_tokens).values(**row(self.refresh)))


@dataclass(frozen=True, slots=True)
class KeepGrant:
    """A resident has said yes: the grant, and the code that hands it over."""

    grant: Grant
    code: Code

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        await connection.execute(insert(tables.grants).values(**row(self.grant)))
        await connection.execute(insert(tables.codes).values(**row(self.code)))


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """End a whole family: its refresh tokens at once, its access tokens by the next policy.

    Done by :func:`gateway.control.consent.withdraw.withdraw`, as every end of a consent is.
    """

    gid: str


@dataclass(frozen=True, slots=True)
class RevokeToken:
    jti: str
    expires: int

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.revoked_tokens
        await connection.execute(delete(table).where(table.c.jti == self.jti))
        await connection.execute(insert(table).values(jti=self.jti, expires=self.expires))


@dataclass(frozen=True, slots=True)
class NoteExchange:
    """A token exchange (RFC 8693), which is audited; refused when the grant has just ended."""

    grant: Grant
    client_id: str
    consents: tuple[Given, ...]

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        found = await find_grant(connection, self.grant.gid)
        if found is None or not found.is_alive(now):
            raise InvalidGrantError(description="The resident has just ended this.")


def gone() -> InvalidGrantError:
    return InvalidGrantError(description="This was used before; the whole grant is now revoked.")
