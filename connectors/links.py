"""ID links (ID連携): which record of the data holder belongs to which pseudonym.

The platform knows a resident in this sector only by a pseudonym, the holder only by an id of its
own; the control plane links the two once the resident has proved to be both.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import Column, MetaData, String, Table, delete, select

from connectors.names import Names
from schemas.kit.store import Store
from schemas.ngsild import Value
from schemas.problem import NotFound
from schemas.xcity import operation


class Link(Value):
    """One link.

    Attributes:
        subject: the resident's pseudonym in this sector.
        local_id: the data holder's own id of the person.
    """

    subject: str = Field(min_length=8, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")
    local_id: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")


def links_table(metadata: MetaData) -> Table:
    return Table(
        "links",
        metadata,
        Column("subject", String(128), primary_key=True),
        Column("local_id", String(128), nullable=False),
    )


class Links:
    """The links of one domain.

    Args:
        names: by which names residents were called before.
    """

    def __init__(self, store: Store, table: Table, domain: str, names: Names) -> None:
        self._store, self._table, self._domain = store, table, domain
        self._names = names

    async def local_id(self, subject: str) -> str:
        """The holder's id of a resident.

        Raises:
            NotFound: the resident is not linked here.
        """
        known = self._table.c.subject == self._names.resolved(subject)
        query = select(self._table.c.local_id).where(known)
        async with self._store.read() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        if found is None:
            raise NotFound(
                "This resident has no linked record here; the resident links it at the platform."
            )
        return str(found)

    async def put(self, link: Link) -> None:
        async with self._store.write() as connection:
            await connection.execute(self._store.upsert(self._table, **link.model_dump()))

    async def remove(self, subject: str) -> None:
        async with self._store.write() as connection:
            known = self._table.c.subject == self._names.resolved(subject)
            await connection.execute(delete(self._table).where(known))

    def router(self) -> APIRouter:
        """``POST /links`` and ``DELETE /links/{subject}``, for the control plane only."""
        router = APIRouter(tags=["links"])
        extra = operation(f"{self._domain}:link")

        @router.post("/links", status_code=204, openapi_extra=extra, operation_id="putLink")
        async def put_link(link: Link) -> Response:
            await self.put(link)
            return Response(status_code=204)

        @router.delete(
            "/links/{subject}", status_code=204, openapi_extra=extra, operation_id="deleteLink"
        )
        async def delete_link(subject: str) -> Response:
            await self.remove(subject)
            return Response(status_code=204)

        return router
