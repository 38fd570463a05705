"""Residents on their way to the city's OpenID provider and back, in the store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import residents, tables
from gateway.control.identity.provider import Identity
from gateway.control.residents import Resident
from gateway.control.secrets import Secrets, new_token
from gateway.control.state import Control

LIFETIME: Final = 600


@dataclass(frozen=True, slots=True)
class Visit:
    """Attributes:
    state, nonce, verifier: OpenID Connect Core §3.1.2.1, RFC 7636.
    back: where the resident was going.
    """

    state: str
    nonce: str
    verifier: str
    back: str


async def begin(control: Control, browser: str, back: str) -> Visit:
    """Args:
    browser: token of the cookie that alone may come back with it.
    """
    visit = Visit(new_token(), new_token(), new_token(), back)
    secrets = control.secrets
    async with control.store.write() as connection:
        await connection.execute(
            insert(tables.provider_visits).values(
                state=secrets.hash(visit.state),
                browser=secrets.hash(browser),
                nonce=visit.nonce,
                verifier=secrets.seal(visit.verifier.encode(), "provider visit"),
                back=back,
                expires=control.now() + LIFETIME,
            )
        )
    return visit


async def take(control: Control, browser: str, state: str) -> Visit | None:
    """The visit that this browser began, once."""
    table, secrets = tables.provider_visits, control.secrets
    mine = (table.c.state == secrets.hash(state)) & (table.c.browser == secrets.hash(browser))
    async with control.store.write() as connection:
        query = select(table).where(mine, table.c.expires > control.now())
        row = (await connection.execute(query)).one_or_none()
        gone = await connection.execute(delete(table).where(mine))
    if row is None or gone.rowcount != 1:
        return None
    verifier = secrets.open(row.verifier, "provider visit").decode()
    return Visit(state, row.nonce, verifier, row.back)


async def resident_of(
    control: Control, issuer: str, identity: Identity, signed_in: Resident | None
) -> Resident:
    """Whom the provider means: known from before; who is signed in here already; or somebody new.

    What the provider vouches for, raises the account's level and never lowers it.
    """
    subject = _subject(control.secrets, issuer, identity.subject)
    async with control.store.write() as connection:
        found = await _known(connection, subject) or signed_in
        if found is None:
            found = await _new(connection, identity, control.now())
        await connection.execute(
            control.store.upsert(
                tables.provider_subjects, subject=subject, resident_id=found.resident_id
            )
        )
        table = tables.residents
        await connection.execute(
            update(table)
            .where(table.c.resident_id == found.resident_id, table.c.proofing < identity.proofing)
            .values(proofing=identity.proofing)
        )
        renewed = await residents.find(connection, found.resident_id)
    assert renewed is not None  # noqa: S101 - written in this transaction
    return renewed


async def _known(connection: AsyncConnection, subject: str) -> Resident | None:
    table = tables.provider_subjects
    query = select(table.c.resident_id).where(table.c.subject == subject)
    resident_id = (await connection.execute(query)).scalar()
    return await residents.find(connection, resident_id) if resident_id else None


async def _new(connection: AsyncConnection, identity: Identity, now: int) -> Resident:
    username = f"p-{uuid.uuid4().hex[:16]}"  # they never type it
    made = await residents.add(connection, username, "", identity.name or username, now)
    found = await residents.find(connection, made)
    assert found is not None  # noqa: S101 - just written
    return found


def _subject(secrets: Secrets, issuer: str, subject: str) -> str:
    """Kept as a hash: a stolen table names nobody at the provider."""
    return secrets.hash(f"provider {issuer} {subject}")


async def forget_expired(connection: AsyncConnection, now: int) -> None:
    for table in (tables.provider_visits, tables.recovery_codes):
        await connection.execute(delete(table).where(table.c.expires < now))
