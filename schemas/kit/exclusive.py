"""What only one process may do at a time, among all that share a store.

The claim dies with its holder: an operating-system lock beside the SQLite file, an advisory lock of
a session on PostgreSQL. After a crash nobody has to wait for a lease to run out.
"""

from __future__ import annotations

import fcntl
import zlib
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store


class Exclusive(Protocol):
    """A claim to be the only one."""

    async def hold(self) -> bool:
        """Whether the claim is ours, now; taken when it is free."""
        ...

    async def release(self) -> None: ...


def exclusive(store: Store, name: str) -> Exclusive:
    """The claim called ``name`` among the processes on ``store``."""
    if not store.is_sqlite:
        return _SessionLock(store, name)
    database = store.engine.url.database or ""
    return _FileLock(Path(f"{database}.{name}.lock"))


class _FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    async def hold(self) -> bool:
        if self._file is None:
            self._file = self._take()
        return self._file is not None

    def _take(self) -> IO[bytes] | None:
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    async def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _SessionLock:
    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._key = zlib.crc32(f"{store.component}/{name}".encode())
        self._session: AsyncConnection | None = None

    async def hold(self) -> bool:
        if self._session is not None and await self._alive(self._session):
            return True
        session = await self._store.engine.connect()
        # outside a transaction, or the session would sit idle in one for ever
        session = await session.execution_options(isolation_level="AUTOCOMMIT")
        claim = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=self._key)
        if (await session.execute(claim)).scalar_one():
            self._session = session
            return True
        await session.close()
        return False

    async def _alive(self, session: AsyncConnection) -> bool:
        try:
            await session.execute(text("SELECT 1"))
        except DBAPIError:
            # the server has dropped the session, and the lock with it
            self._session = None
            await session.invalidate()
            await session.close()
            return False
        return True

    async def release(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            # the connection goes back to a pool, which would keep the session and its lock
            await session.invalidate()
            await session.close()
