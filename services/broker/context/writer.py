"""Changes to rows: the SQL that writes them, one statement for many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.context.jsonld import CORE_TERMS
from services.broker.context.model import ContextEntity
from services.broker.context.places import places_of
from services.broker.context.rows import Change
from services.broker.context.shapes import Shape, shape_of
from services.broker.context.tables import (
    changes,
    entities,
    entity_places,
    entity_scopes,
    entity_shapes,
    entity_types,
)


class Writer:
    """Writes changes as rows; knows which shapes are written already.

    Args:
        store: where.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[int] = set()

    async def write(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Change], now: str
    ) -> list[Shape]:
        """Make the rows say what is now, and append what changed to the past.

        Returns:
            New shapes, to be :meth:`remember`-ed when the transaction is committed.
        """
        shapes = {c.new.id: shape_of(c.new) for c in done if c.new}
        fresh = {s.id: s for s in shapes.values() if s.id not in self._known}
        await self._write_shapes(connection, list(fresh.values()))
        await _write_entities(connection, tenant, done, shapes)
        await _write_names(connection, tenant, done)
        await _write_places(connection, tenant, done)
        await _many(connection, insert(changes), [_past(tenant, c, now) for c in done])
        return list(fresh.values())

    def remember(self, shapes: Iterable[Shape]) -> None:
        self._known.update(shape.id for shape in shapes)

    async def _write_shapes(self, connection: AsyncConnection, shapes: list[Shape]) -> None:
        rows = sorted((shape.as_row() for shape in shapes), key=itemgetter("shape"))
        statement = self._store.insert(entity_shapes).on_conflict_do_nothing()
        await _many(connection, statement, rows)


async def _write_entities(
    connection: AsyncConnection, tenant: str, done: Sequence[Change], shapes: dict[str, Shape]
) -> None:
    here = and_(entities.c.tenant == bindparam("in_tenant"), entities.c.id == bindparam("which"))

    def row(entity: ContextEntity) -> dict[str, Any]:
        return _row(tenant, entity, shapes[entity.id])

    # in the order of the ids: two batches that create the same entities would else wait for each
    # other, each behind a row that the other has just inserted
    news = sorted((row(c.new) for c in done if c.new and not c.old), key=itemgetter("id"))
    await _many(connection, insert(entities), news)
    changed = [
        {**row(c.new), "which": c.new.id, "in_tenant": tenant} for c in done if c.new and c.old
    ]
    await _many(connection, update(entities).where(here), changed)
    gone = [{"which": c.entity.id, "in_tenant": tenant} for c in done if not c.new]
    await _many(connection, delete(entities).where(here), gone)


def _row(tenant: str, entity: ContextEntity, shape: Shape) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": entity.id,
        "restricted": int(shape.restricted),
        "shape": shape.id,
        "types": list(entity.types),
        "scopes": list(entity.scope),
        "document": entity.attributes,
        "created": entity.created,
        "modified": entity.modified,
        "expires": entity.expires,
    }


async def _write_names(connection: AsyncConnection, tenant: str, done: Sequence[Change]) -> None:
    """The rows that find entities by type and by scope."""
    types = [(c.entity.id, _types(c.old), _types(c.new)) for c in done]
    await _write_keys(connection, entity_types, entity_types.c.type, tenant, types)
    scopes = [(c.entity.id, _scopes(c.old), _scopes(c.new)) for c in done]
    await _write_keys(connection, entity_scopes, entity_scopes.c.scope, tenant, scopes)


def _types(entity: ContextEntity | None) -> set[str]:
    return set(entity.types) if entity else set()


def _scopes(entity: ContextEntity | None) -> set[str]:
    """With a slash before and behind, so that a hierarchy is a prefix."""
    return {f"/{name.strip('/')}/" for name in entity.scope} if entity else set()


async def _write_keys(
    connection: AsyncConnection,
    table: Table,
    column: Any,
    tenant: str,
    moved: list[tuple[str, set[str], set[str]]],
) -> None:
    here = and_(
        table.c.tenant == bindparam("in_tenant"),
        column == bindparam("key"),
        table.c.entity == bindparam("which"),
    )
    stale = [
        {"in_tenant": tenant, "key": key, "which": id_}
        for id_, old, new in moved
        for key in sorted(old - new)
    ]
    await _many(connection, delete(table).where(here), stale)
    rows = [
        {"tenant": tenant, column.name: key, "entity": id_}
        for id_, old, new in moved
        for key in sorted(new - old)
    ]
    await _many(connection, insert(table), rows)


async def _write_places(connection: AsyncConnection, tenant: str, done: Sequence[Change]) -> None:
    moved = [(c.entity.id, _places(c.old), _places(c.new)) for c in done]
    moved = [(id_, old, new) for id_, old, new in moved if old != new]
    here = and_(
        entity_places.c.tenant == bindparam("in_tenant"),
        entity_places.c.entity == bindparam("which"),
    )
    stale = [{"in_tenant": tenant, "which": id_} for id_, old, _ in moved if old]
    await _many(connection, delete(entity_places).where(here), stale)
    rows = [
        {
            "tenant": tenant,
            "entity": id_,
            "attribute": attribute,
            "south": south,
            "north": north,
            "west": west,
            "east": east,
            "geometry": wkb,
        }
        for id_, _, new in moved
        for attribute, south, north, west, east, wkb in new
    ]
    await _many(connection, insert(entity_places), rows)


def _places(entity: ContextEntity | None) -> list[Any]:
    return list(places_of(entity.attributes)) if entity else []


def _past(tenant: str, change: Change, now: str) -> dict[str, Any]:
    after: dict[str, Any] = dict(change.new.attributes) if change.new else {}
    if change.new and change.new.scope:
        after[CORE_TERMS["scope"]] = list(change.new.scope)
    return {
        "tenant": tenant,
        "entity": change.entity.id,
        "types": list(change.entity.types),
        "scopes": list(change.entity.scope),
        "change": change.kind,
        "attributes": {name: after.get(name) for name in change.names},
        "at": now,
    }


async def _many(
    connection: AsyncConnection, statement: Any, rows: Iterable[dict[str, Any]]
) -> None:
    found = list(rows)
    if found:
        await connection.execute(statement, found)
