"""Transactions that only one may run at a time, by name, in this and every other process.

Within a process a set of names tells; on PostgreSQL advisory locks tell between processes; on
SQLite there is one writer at a time anyhow, and the second finds what the first has done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from schemas.problem import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_AGAIN = {"retry-after": "1"}


class Transactions:
    """Writing transactions on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[tuple[str, ...]] = set()

    @asynccontextmanager
    async def alone(self, *name: str) -> AsyncIterator[AsyncConnection]:
        """A transaction, unless one of this name is under way.

        Raises:
            Conflict: one is (draft-ietf-httpapi-idempotency-key-header §2.7: 409).
            Unavailable: the store cannot be reached, or is too busy; nothing was written.
        """
        if name in self._running:
            raise _under_way()
        self._running.add(name)
        try:
            async with self.write() as connection:
                if not self._store.is_sqlite and not await _locked(connection, name):
                    raise _under_way()
                yield connection
        finally:
            self._running.discard(name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; Unavailable when the store is not."""
        with _store_is_there():
            async with self._store.write() as connection:
                yield connection

    async def one_view(self, connection: AsyncConnection) -> None:
        """Let every statement of a reading transaction see the same state (SQLite's always do)."""
        if not self._store.is_sqlite:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A reading transaction; Unavailable when the store is not."""
        with _store_is_there():
            async with self._store.read() as connection:
                yield connection


def _under_way() -> Conflict:
    return Conflict(
        "The same request is being worked on at this moment; send it again to get its answer.",
        slug="request-in-progress",
        headers=_AGAIN,
    )


async def _locked(connection: AsyncConnection, name: tuple[str, ...]) -> bool:
    digest = sha256("\0".join(name).encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    query = text("SELECT pg_try_advisory_xact_lock(:number)")
    return bool((await connection.execute(query, {"number": number})).scalar_one())


@contextmanager
def _store_is_there() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise  # the store is well; what was to be written is not
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise Unavailable(
            "The ledger cannot be reached or is busy; send the same again, with the same key: "
            "it is booked once.",
            headers=_AGAIN,
        ) from error
