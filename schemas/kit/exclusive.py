"""What only one process may do at a time, among all that share a store.

The claim dies with its holder: an operating-system lock beside the SQLite file, an advisory lock of
a session on PostgreSQL. After a crash nobody has to wait for a lease to run out.
"""

from __future__ import annotations

import fcntl
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store

_ASK_SECONDS: Final = 1.0


class Exclusive(Protocol):
    """A claim to be the only one."""

    async def hold(self) -> bool:
        """Whether the claim is ours, now; taken when it is free."""
        ...

    async def call(self) -> None:
        """Tell the holder, in whatever process it is, that there is something for it.

        Reaches it at once on PostgreSQL; on SQLite not at all.
        """
        ...

    async def release(self) -> None: ...


def exclusive(store: Store, name: str, on_call: Callable[[], None] = lambda: None) -> Exclusive:
    """The claim called ``name`` among the processes on ``store``.

    Args:
        on_call: run in the holder's process when another one has called it.
    """
    if not store.is_sqlite:
        return _SessionLock(store, name, on_call)
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

    async def call(self) -> None:
        """The holder looks by itself: who shares a file has no way to reach it."""

    async def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _SessionLock:
    def __init__(self, store: Store, name: str, on_call: Callable[[], None]) -> None:
        self._store, self._on_call = store, on_call
        self._key = zlib.crc32(f"{store.component}/{name}".encode())
        self._channel = f"{store.component}_{self._key}"
        self._session: AsyncConnection | None = None
        self._driver: Any = None
        self._asked = 0.0

    async def hold(self) -> bool:
        if self._session is not None and await self._is_ours(self._session):
            return True
        session = await self._store.engine.connect()
        # outside a transaction, or the session would sit idle in one for ever
        session = await session.execution_options(isolation_level="AUTOCOMMIT")
        claim = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=self._key)
        if (await session.execute(claim)).scalar_one():
            self._session = session
            await self._listen(session)
            return True
        await session.close()
        return False

    async def _listen(self, session: AsyncConnection) -> None:
        self._driver = (await session.get_raw_connection()).driver_connection
        assert self._driver is not None  # noqa: S101 - it has just answered
        self._asked = time.monotonic()
        await self._driver.add_listener(self._channel, lambda *_: self._on_call())

    async def call(self) -> None:
        # a statement of its own: in a transaction, NOTIFY makes commits wait for each other
        notify = text("SELECT pg_notify(:channel, '')").bindparams(channel=self._channel)
        async with self._store.engine.connect() as connection:
            free = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await free.execute(notify)

    async def _is_ours(self, session: AsyncConnection) -> bool:
        """The driver knows of a session that has ended; the server is asked now and then."""
        if time.monotonic() - self._asked < _ASK_SECONDS and not self._driver.is_closed():
            return True
        self._asked = time.monotonic()
        return await self._alive(session)

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
