"""Entities as rows, and from rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.bulk import one_of
from services.broker.context.jsonld import CORE_TERMS
from services.broker.context.model import ContextEntity
from services.broker.context.stamping import changed_names
from services.broker.context.tables import entities

_C: Final = entities.c
ENTITY: Final = (
    # JSON as text: most entities have the same types, and these need not be read again
    _C.id,
    *(cast(_C.types, Text), cast(_C.document, Text)),
    *(_C.created, _C.modified),
    *(cast(_C.scopes, Text), _C.expires),
)
"""The columns that make an entity."""


@dataclass(frozen=True)
class Change:
    """One entity before and after; None where it was or is not there."""

    old: ContextEntity | None
    new: ContextEntity | None

    @property
    def kind(self) -> str:
        return "created" if self.old is None else "deleted" if self.new is None else "updated"

    @property
    def entity(self) -> ContextEntity:
        found = self.new or self.old
        assert found is not None  # noqa: S101 - one of both is there
        return found

    @cached_property
    def names(self) -> list[str]:
        """The attributes that changed, and the scope where it did."""
        before = self.old.attributes if self.old else {}
        names = changed_names(before, self.new.attributes if self.new else {})
        moved = (self.old.scope if self.old else ()) != (self.new.scope if self.new else ())
        return [*names, CORE_TERMS["scope"]] if moved else names


async def load(
    connection: AsyncConnection,
    tenant: str,
    ids: Sequence[str],
    *,
    lock: bool = False,
    where: Sequence[ColumnElement[bool]] = (),
) -> dict[str, ContextEntity]:
    """The entities that are there, by id.

    Args:
        where: what must hold of them besides.
        lock: keep others from changing them until the transaction ends. Always taken in the
            order of the ids, so that two batches cannot wait for each other.
    """
    found: dict[str, ContextEntity] = {}
    for start in range(0, len(ids), 500):
        these = one_of(connection, entities.c.id, ids[start : start + 500])
        query = select(*ENTITY).where(entities.c.tenant == tenant, these, *where)
        query = query.order_by(entities.c.id)
        rows = await connection.execute(query.with_for_update() if lock else query)
        found |= {row[0]: as_entity(row) for row in rows}
    return found


def as_entity(row: Sequence[Any]) -> ContextEntity:
    """The entity in a row of :data:`ENTITY`."""
    id_, types, document, created, modified, scopes, expires = row
    attributes = orjson.loads(document)
    return ContextEntity(id_, _names(types), attributes, created, modified, _names(scopes), expires)


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    return tuple(orjson.loads(text))
