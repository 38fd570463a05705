"""Residents' accounts. The internal id never leaves the platform; pseudonyms do."""

from __future__ import annotations

import asyncio
import unicodedata
import uuid
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024
_AT_ONCE: Final = 2  # each takes 64 MiB and a core for a while


def as_kept(username: str) -> str:
    """A user name as somebody typed it, in the one form in which names are kept."""
    return unicodedata.normalize("NFKC", username).strip()[:100]


class Passwords:
    """argon2id (RFC 9106), off the event loop and few at once.

    Args:
        hasher: with RFC 9106's low-memory parameters unless given.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, stored: str) -> bool:
        """Whether the password is right; without a ``stored`` one it takes as long, and is not."""
        if not stored and not self._nobody:
            self._nobody = await self.hash("nobody's password")
        async with self._gate:
            right = await asyncio.to_thread(self._verify, password, stored or self._nobody)
        return right and bool(stored)

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


@dataclass(frozen=True, slots=True)
class Resident:
    resident_id: str
    username: str
    password_hash: str
    name: str
    created: int
    proofing: int = 1
    """Identity assurance level (NIST SP 800-63A): 1 by the person's own word, 2 by papers that the
    city has seen, 3 in person or by the My Number card's chip."""
    synthetic: bool = False
    """Nobody: made up, so that developers can test with them."""

    @property
    def account(self) -> str:
        """The name under which the second factor is kept."""
        return f"resident:{self.resident_id}"


async def find_by_username(connection: AsyncConnection, username: str) -> Resident | None:
    table = tables.residents
    query = select(table).where(table.c.username == username)
    row = (await connection.execute(query)).mappings().one_or_none()
    return Resident(**row) if row else None


async def find(connection: AsyncConnection, resident_id: str) -> Resident | None:
    table = tables.residents
    query = select(table).where(table.c.resident_id == resident_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return Resident(**row) if row else None


async def add(
    connection: AsyncConnection,
    username: str,
    password_hash: str,
    name: str,
    now: int,
    proofing: int = 1,
    *,
    synthetic: bool = False,
) -> str:
    """A new resident's internal id; without a password they can sign in elsewhere only."""
    resident_id = str(uuid.uuid4())
    await connection.execute(
        insert(tables.residents).values(
            resident_id=resident_id,
            username=username,
            password_hash=password_hash,
            name=name,
            created=now,
            proofing=proofing,
            synthetic=synthetic,
        )
    )
    return resident_id


async def set_synthetic(connection: AsyncConnection, resident_id: str, *, synthetic: bool) -> None:
    table = tables.residents
    await connection.execute(
        update(table).where(table.c.resident_id == resident_id).values(synthetic=synthetic)
    )


async def set_password(connection: AsyncConnection, resident_id: str, password_hash: str) -> None:
    """Also ends every session: whoever has one may not be the person."""
    table = tables.residents
    await connection.execute(
        update(table).where(table.c.resident_id == resident_id).values(password_hash=password_hash)
    )
    sessions = tables.sessions
    await connection.execute(delete(sessions).where(sessions.c.resident_id == resident_id))
