"""The last good document of each pushed feed, kept in the connector's store.

Every process of a connector serves the same: what one of them was pushed, the others find here, and
a new one starts from it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, select

from schemas.kit.store import Store


def kept_table(metadata: MetaData) -> Table:
    return Table(
        "kept",
        metadata,
        Column("feed", String(80), primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("document", LargeBinary, nullable=False),
    )


class Kept:
    """The kept documents of one connector."""

    def __init__(self, store: Store, table: Table) -> None:
        self._store, self._table = store, table

    async def newer(self, feed: str, version: int) -> tuple[int, bytes] | None:
        """The feed's document and its version, if there is one later than ``version``."""
        table = self._table
        query = select(table.c.version, table.c.document).where(
            table.c.feed == feed, table.c.version > version
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return (row.version, row.document) if row else None

    async def keep(self, feed: str, document: bytes) -> int:
        """Keep a document in place of the earlier; returns its version."""
        table = self._table
        async with self._store.write() as connection:
            await self._store.serialise(connection, f"kept/{feed}")
            before = await connection.execute(select(table.c.version).where(table.c.feed == feed))
            version = (before.scalar_one_or_none() or 0) + 1
            row = self._store.upsert(table, feed=feed, version=version, document=document)
            await connection.execute(row)
        return int(version)
