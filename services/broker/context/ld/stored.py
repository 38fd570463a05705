"""The rows of stored contexts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import orjson
from sqlalchemy import delete, func, or_, select, update

from schemas.kit.store import Store
from services.broker.context.errors import BadRequestData
from services.broker.context.ld.documents import Document
from services.broker.context.ld.tables import ld_contexts

Kind = Literal["Hosted", "ImplicitlyCreated", "Cached"]
KINDS: Final = get_args(Kind)
MOST_STORED: Final = 10_000
"""Hosted and implicitly created ones, of one tenant."""

MOST_CACHED: Final = 5_000
_EXPIRED_SECONDS: Final = 3_600.0
"""For so long one that has expired is still listed."""

_IMPLICIT: Final = uuid.UUID("5f0fd2c5-67c4-4e08-9c1c-3a0c1d1e4a57")


@dataclass(frozen=True, slots=True)
class StoredContext:
    """A context in the broker's storage (§5.13.3.5).

    Attributes:
        id: a URI.
        url: where a cached one came from; empty for the others.
        content: the value of ``@context``.
        created, expires, used: seconds since the epoch, or None.
        hits: how often it was found here.
    """

    id: str
    tenant: str
    kind: Kind
    url: str
    content: Any
    created: float
    expires: float | None
    used: float | None
    hits: int


def cached_id(url: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url)}"


class StoredContexts:
    """The table of contexts.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    async def get(self, id_: str) -> StoredContext | None:
        async with self._store.read() as connection:
            rows = await connection.execute(select(ld_contexts).where(ld_contexts.c.id == id_))
            row = rows.first()
        return _stored(row) if row else None

    async def all(self, tenant: str, kind: str = "") -> list[StoredContext]:
        """Those of a tenant, oldest first."""
        query = select(ld_contexts).where(ld_contexts.c.tenant == tenant)
        if kind:
            query = query.where(ld_contexts.c.kind == kind)
        query = query.order_by(ld_contexts.c.created, ld_contexts.c.id)
        async with self._store.read() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def host(self, content: Any, tenant: str) -> str:
        """Store a context that a user gave; its id.

        Raises:
            BadRequestData: the tenant has too many.
        """
        id_ = uuid.uuid4().urn
        await self._add(id_, tenant, "Hosted", content)
        return id_

    async def imply(self, content: Any, tenant: str) -> str:
        """Store a context that a request needs a URL for; its id, the same for the same content."""
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()
        id_ = uuid.uuid5(_IMPLICIT, f"{tenant}\n{text}").urn
        if await self.get(id_) is None:
            await self._add(id_, tenant, "ImplicitlyCreated", content)
        return id_

    async def _add(self, id_: str, tenant: str, kind: Kind, content: Any) -> None:
        own = (ld_contexts.c.tenant == tenant, ld_contexts.c.kind != "Cached")
        row = self._store.insert(ld_contexts).values(
            id=id_,
            tenant=tenant,
            kind=kind,
            url="",
            content=orjson.dumps(content).decode(),
            created=self._clock(),
            hits=0,
        )
        async with self._store.write() as connection:
            counting = select(func.count()).select_from(ld_contexts).where(*own)
            if (await connection.execute(counting)).scalar_one() >= MOST_STORED:
                raise BadRequestData(f"There are {MOST_STORED} contexts already; delete some.")
            await connection.execute(row.on_conflict_do_nothing())

    async def cache(self, url: str, document: Document) -> None:
        """Keep a context that was fetched, in place of the one that was."""
        row = self._store.upsert(
            ld_contexts,
            id=cached_id(url),
            tenant="",
            kind="Cached",
            url=url,
            content=orjson.dumps(document.content).decode(),
            created=self._clock(),
            expires=document.expires,
        )
        async with self._store.write() as connection:
            await connection.execute(row)

    async def delete(self, id_: str) -> None:
        async with self._store.write() as connection:
            await connection.execute(delete(ld_contexts).where(ld_contexts.c.id == id_))

    async def tidy(self) -> None:
        """Remove cached ones that have expired, and the oldest where there are too many."""
        ours = ld_contexts.c.kind == "Cached"
        newest = (
            select(ld_contexts.c.id)
            .where(ours)
            .order_by(ld_contexts.c.created.desc(), ld_contexts.c.id)
            .limit(MOST_CACHED)
        )
        expired = ld_contexts.c.expires < self._clock() - _EXPIRED_SECONDS
        async with self._store.write() as connection:
            gone = or_(expired, ld_contexts.c.id.not_in(newest))
            await connection.execute(delete(ld_contexts).where(ours, gone))

    async def count(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Add uses: id → how many, and when the last one was."""
        if not hits:
            return
        async with self._store.write() as connection:
            for id_, (more, last) in sorted(hits.items()):
                await connection.execute(
                    update(ld_contexts)
                    .where(ld_contexts.c.id == id_)
                    .values(hits=ld_contexts.c.hits + more, used=last)
                )


def _stored(row: Any) -> StoredContext:
    return StoredContext(
        row.id,
        row.tenant,
        row.kind,
        row.url,
        orjson.loads(row.content),
        row.created,
        row.expires,
        row.used,
        row.hits,
    )
