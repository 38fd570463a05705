"""An SQL store by URL: PostgreSQL or SQLite, one implementation above (SQLAlchemy Core, async).

``postgresql+asyncpg://user@host/database``: each component keeps its tables in a schema of its own.
``sqlite+aiosqlite:///folder``: each component keeps a file of its own, ``folder/<component>.db``.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Executable, MetaData, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from schemas.kit.sqlite_driver import Connection

_READ_ONLY = "city_read_only"
_BUSY_SECONDS = 10.0


class Store:
    """One component's tables.

    Args:
        url: where; see the module. Anything else raises ``ValueError``.
        component: the component's name: schema on PostgreSQL, file name on SQLite.
        metadata: the component's tables, created when missing by :meth:`open`.
        versions: folder of the component's migrations, see :mod:`schemas.kit.migrations`; with
            them, :meth:`open` brings the tables to the newest version.
    """

    def __init__(
        self, url: str, component: str, metadata: MetaData, versions: Path | None = None
    ) -> None:
        self.component = component
        self.metadata = metadata
        self.versions = versions
        self.engine = _engine(make_url(url), component)
        self._reading = self.engine.execution_options(
            # a lone SELECT of PostgreSQL sees one state: BEGIN and ROLLBACK, each a message, would
            # double what it takes
            **({_READ_ONLY: True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"})
        )
        # SQLite lets one writer in and has the others poll, and the unlucky poll for seconds:
        # within a process they queue here instead, first come first served
        self._queue = asyncio.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    async def open(self) -> None:
        """Connect, and create or migrate what is missing.

        Raises:
            UnknownTables: tables are there that no version made.
        """
        if self.is_sqlite:
            await asyncio.to_thread(_use_wal, str(self.engine.url.database))
        async with self.write() as connection:
            if not self.is_sqlite:
                # two processes starting at once must not race for CREATE TABLE
                await connection.execute(text("SELECT pg_advisory_xact_lock(7331001)"))
                await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{self.component}"'))
            if self.versions:
                from schemas.kit.migrations import upgrade  # Alembic, for those who need it

                await connection.run_sync(upgrade, self.metadata, self.versions)
            else:
                await connection.run_sync(self.metadata.create_all)

    async def close(self) -> None:
        await self.engine.dispose()

    async def serialise(self, connection: AsyncConnection, name: str) -> None:
        """Wait until no other transaction is in what ``name`` stands for, up to the commit.

        On SQLite a writing transaction is alone anyway.
        """
        if not self.is_sqlite:
            key = zlib.crc32(f"{self.component}/{name}".encode())
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ``ON CONFLICT``, which both stores have in one form."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(self, table: Table, **values: Any) -> Executable:
        """A statement that writes one row, whether or not its primary key is there already."""
        key = [column.name for column in table.primary_key]
        change = {name: value for name, value in values.items() if name not in key}
        row = self.insert(table).values(values)
        return row.on_conflict_do_update(index_elements=key, set_=change)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        Not to be opened within another one of the same store.
        """
        async with self._queue, self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self, *, streams: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection to read with, which waits for no writer.

        On PostgreSQL each statement sees what is committed when it begins.

        Args:
            streams: rows are streamed, which needs a transaction.
        """
        engine = self.engine if streams and not self.is_sqlite else self._reading
        async with engine.connect() as connection:
            yield connection


def _engine(url: URL, component: str) -> AsyncEngine:
    if url.drivername == "sqlite+aiosqlite":
        return _sqlite(url, component)
    if url.drivername == "postgresql+asyncpg":
        engine = create_async_engine(
            url,
            pool_size=10,
            max_overflow=10,
            pool_timeout=5,
            hide_parameters=True,  # an error is logged; names and amounts are not
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            connect_args={
                "server_settings": {
                    "search_path": component,
                    # statements here are short: to start helpers for one takes longer than it
                    "max_parallel_workers_per_gather": "0",
                }
            },
        )
        event.listen(engine.sync_engine, "checkout", _check_open)
        return engine
    raise ValueError(
        f"no store speaks {url.drivername!r}: give postgresql+asyncpg://… or sqlite+aiosqlite://…"
    )


def _check_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have a connection that the server has closed replaced, before it is used.

    The driver knows by itself; asking the server each time would be three messages.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sqlite(url: URL, component: str) -> AsyncEngine:
    folder = Path(url.database or ".")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{component}.db"
    file.touch(mode=0o600)  # and so its WAL: what is in it may be of persons
    engine = create_async_engine(
        url.set(database=str(file)),
        connect_args={"timeout": _BUSY_SECONDS, "async_creator_fn": Connection},
        hide_parameters=True,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
        cursor = connection.cursor()
        # FULL: a commit survives a power cut
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        # a transaction that starts reading and then writes would fail at once when another
        # writes (SQLITE_BUSY_SNAPSHOT): writers say so from the start, and wait their turn
        read_only = connection.get_execution_options().get(_READ_ONLY)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _use_wal(file: str) -> None:
    """Write-ahead log, for good: readers and one writer side by side.

    Two processes that start at once cannot both switch, and SQLite does not have the second wait.
    """
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
            else:
                return
        time.sleep(0.02)
