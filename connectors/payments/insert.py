"""Insert unless there: the one statement that SQLAlchemy leaves to each dialect."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_missing(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> None:
    """Add ``row`` unless one of its key is there, also when two do so at once."""
    if connection.dialect.name == "sqlite":
        await connection.execute(sqlite.insert(table).values(row).on_conflict_do_nothing())
    else:
        await connection.execute(postgresql.insert(table).values(row).on_conflict_do_nothing())
