"""Data about persons, encrypted for each person alone: destroy the key, and it is gone.

Also from backups, from logs that may not be rewritten, and from copies that nobody remembers: all
of them have only what nobody can read any more. Each subject has a key of its own, kept in a table
beside the data, wrapped under a key of the component::

    wrapped = AES-GCM(HMAC-SHA-256(master key, "envelope" ‖ table), subject's key)

The table does not say who a subject is: it is found by a keyed hash. A destroyed key leaves its
hash behind, so that what arrives late about somebody who has gone is not kept under a new one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

_NONCE: Final = 12
_AT_ONCE: Final = 300


def key_table(metadata: MetaData, name: str = "subject_keys") -> Table:
    """The table of keys, in the same store as what they encrypt."""
    return Table(
        name,
        metadata,
        Column("subject", String(64), primary_key=True),  # a keyed hash
        Column("wrapped", LargeBinary),  # null once it is destroyed
        Column("destroyed", BigInteger),  # seconds since the epoch
    )


class Key:
    """One subject's key."""

    __slots__ = ("_cipher",)

    def __init__(self, raw: bytes) -> None:
        self._cipher = AESGCM(raw)

    def seal(self, plain: bytes, label: bytes) -> bytes:
        """Encrypt; only :meth:`open` with the same label reads it again."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, label)

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """Raises:
        ValueError: it was not sealed by this key under this label.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], label)
        except (InvalidTag, ValueError) as error:
            raise ValueError("not sealed by this key") from error


class Envelopes:
    """The keys of one component's subjects.

    Args:
        table: of :func:`key_table`.
        master: at least 32 random bytes, the same in every process of the component.
    """

    def __init__(self, table: Table, master: bytes) -> None:
        if len(master) < 32:
            raise ValueError("the master key needs at least 32 bytes")
        self._table = table
        name = table.name.encode()
        self._wrap = AESGCM(hmac.digest(master, b"envelope\0" + name, "sha256"))
        self._hash_key = hmac.digest(master, b"envelope-hash\0" + name, "sha256")

    async def keys(
        self, connection: AsyncConnection, subjects: Iterable[str]
    ) -> dict[str, Key | None]:
        """A key for each subject, made where there is none; None where it was destroyed."""
        names = {self._name(subject): subject for subject in subjects}
        found = await self._read(connection, names)
        missing = [name for name in names if name not in found]
        if missing:
            rows = [{"subject": name, "wrapped": self._new(name)} for name in missing]
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            new = insert(self._table).on_conflict_do_nothing(index_elements=["subject"])
            await connection.execute(new, rows)
            found |= await self._read(connection, missing)
        return {subject: found[name] for name, subject in names.items()}

    async def held(self, connection: AsyncConnection, subjects: Iterable[str]) -> dict[str, Key]:
        """The keys that there are, for reading.

        One that cannot be unwrapped counts as none: somebody has changed it.
        """
        names = {self._name(subject): subject for subject in subjects}
        found = await self._read(connection, names)
        return {names[name]: key for name, key in found.items() if key is not None}

    async def destroy(self, connection: AsyncConnection, subject: str, now: int) -> bool:
        """Whether there was a key; afterwards nobody can have one for ``subject``.

        Args:
            now: seconds since the epoch.
        """
        await self.keys(connection, [subject])
        table = self._table
        gone = (
            update(table)
            .where(table.c.subject == self._name(subject), table.c.destroyed.is_(None))
            .values(wrapped=None, destroyed=now)
        )
        return (await connection.execute(gone)).rowcount == 1

    async def _read(
        self, connection: AsyncConnection, names: Iterable[str]
    ) -> dict[str, Key | None]:
        table, found = self._table, {}
        wanted = list(names)
        for start in range(0, len(wanted), _AT_ONCE):
            part = table.c.subject.in_(wanted[start : start + _AT_ONCE])
            query = select(table.c.subject, table.c.wrapped).where(part)
            for row in await connection.execute(query):
                found[row.subject] = self._unwrap(row)
        return found

    def _unwrap(self, row: Any) -> Key | None:
        if row.wrapped is None:
            return None
        try:
            label = row.subject.encode()
            return Key(self._wrap.decrypt(row.wrapped[:_NONCE], row.wrapped[_NONCE:], label))
        except (InvalidTag, ValueError):
            return None

    def _new(self, name: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        raw = AESGCM.generate_key(bit_length=256)
        return nonce + self._wrap.encrypt(nonce, raw, name.encode())

    def _name(self, subject: str) -> str:
        return hmac.digest(self._hash_key, subject.encode(), "sha256").hex()
