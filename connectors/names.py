"""Residents' names here, which can change: the platform rotates the key that they are made with.

A name that leaked, or that two holders once compared, is then worth nothing. The platform tells
each holder that who was called one pseudonym is now called another; everything that lies under the
old one moves to the new one in one transaction, and the old one is understood until the platform
says that nobody uses it any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import Column, ColumnElement, MetaData, String, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from schemas.ngsild import Value
from schemas.xcity import operation

_PSEUDONYM = r"^[A-Za-z0-9_-]+$"


class Rename(Value):
    """One resident's old and new pseudonym in this sector."""

    old: str = Field(min_length=8, max_length=128, pattern=_PSEUDONYM)
    new: str = Field(min_length=8, max_length=128, pattern=_PSEUDONYM)


class Name(Value):
    """A pseudonym that nobody uses any more."""

    old: str = Field(min_length=8, max_length=128, pattern=_PSEUDONYM)


def names_table(metadata: MetaData) -> Table:
    return Table(
        "renamed",
        metadata,
        Column("old", String(128), primary_key=True),
        Column("new", String(128), nullable=False),
    )


class Names:
    """The pseudonyms of one domain.

    Args:
        holding: tables whose column ``subject`` is a resident's pseudonym.
    """

    def __init__(
        self, store: Store, table: Table, domain: str, holding: Iterable[Table] = ()
    ) -> None:
        self._store, self._table, self._domain = store, table, domain
        self._holding = tuple(holding)

    def resolved(self, subject: str) -> ColumnElement[str]:
        """SQL for the name under which things lie for who is called ``subject``."""
        table = self._table
        new = select(table.c.new).where(table.c.old == subject).scalar_subquery()
        return func.coalesce(new, subject)

    async def current(self, subject: str) -> str:
        """The name under which things lie for who is called ``subject``."""
        async with self._store.read() as connection:
            found = await connection.scalar(select(self.resolved(subject)))
        return str(found)

    async def rename(self, rename: Rename) -> None:
        """Move everything; the same again moves what has come since."""
        if rename.old == rename.new:
            return
        async with self._store.write() as connection:
            await connection.execute(
                self._store.upsert(self._table, old=rename.old, new=rename.new)
            )
            for table in self._holding:
                await _move(connection, table, rename)

    async def forget(self, old: str) -> None:
        """Nobody uses the old name any more."""
        async with self._store.write() as connection:
            await connection.execute(delete(self._table).where(self._table.c.old == old))

    def router(self) -> APIRouter:
        """``POST /names`` and ``POST /names/forgotten``, for the control plane only; no name is in
        an address, for those are logged on many a way."""
        router = APIRouter(tags=["links"])
        extra = operation(f"{self._domain}:link")

        @router.post("/names", status_code=204, openapi_extra=extra, operation_id="renameResident")
        async def rename(rename: Rename) -> Response:
            await self.rename(rename)
            return Response(status_code=204)

        @router.post(
            "/names/forgotten", status_code=204, openapi_extra=extra, operation_id="forgetName"
        )
        async def forget(name: Name) -> Response:
            await self.forget(name.old)
            return Response(status_code=204)

        return router


async def _move(connection: AsyncConnection, table: Table, rename: Rename) -> None:
    """Bring a table's rows from the old name to the new; where it has one row for each name, what
    lies under the new one already is the younger and stays."""
    old = table.c.subject == rename.old
    if table.primary_key.columns.keys() == ["subject"]:
        new = select(table.c.subject).where(table.c.subject == rename.new)
        if (await connection.execute(new)).first():
            await connection.execute(delete(table).where(old))
            return
    await connection.execute(update(table).where(old).values(subject=rename.new))
