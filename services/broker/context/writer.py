"""Changes to rows: what is now, what finds it, and the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.bulk import delete_many, insert_many, update_many
from services.broker.context.jsonld import CORE_TERMS
from services.broker.context.model import ContextEntity
from services.broker.context.places import PlaceRow, places_of
from services.broker.context.rows import Change
from services.broker.context.shapes import Shape, Shapes
from services.broker.context.tables import (
    changes,
    entities,
    entity_places,
    entity_scopes,
    entity_shapes,
    entity_types,
)


class Writer:
    """Writes changes as rows; knows which shapes are written already."""

    def __init__(self) -> None:
        self._shapes = Shapes()

    async def write(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Change], now: str
    ) -> list[Shape]:
        """Make the rows say what is now, and append what changed to the past.

        Returns:
            New shapes, to be :meth:`remember`-ed when the transaction is committed.
        """
        # in the order of the ids: two batches that create the same entities would else wait for
        # each other, each behind a row that the other has just inserted
        ordered = sorted(done, key=_by_id)
        new = [(change, self._shapes.of(change.new)) for change in ordered if change.new]
        fresh = {s.id: s for _, s in new if s.id not in self._shapes.stored}
        rows = sorted((shape.as_row() for shape in fresh.values()), key=itemgetter("shape"))
        await insert_many(connection, entity_shapes, rows, ignore=True)
        await _write_entities(connection, tenant, ordered, new)
        await _write_names(connection, tenant, ordered)
        await _write_places(connection, tenant, ordered)
        await insert_many(connection, changes, [_past(tenant, c, now) for c in done])
        return list(fresh.values())

    def remember(self, shapes: Iterable[Shape]) -> None:
        self._shapes.stored.update(shape.id for shape in shapes)


def _by_id(change: Change) -> str:
    return change.entity.id


async def _write_entities(
    connection: AsyncConnection,
    tenant: str,
    done: Sequence[Change],
    new: Sequence[tuple[Change, Shape]],
) -> None:
    added = [_row(tenant, c.entity, shape) for c, shape in new if not c.old]
    await insert_many(connection, entities, added)
    changed = [_row(tenant, c.entity, shape) for c, shape in new if c.old]
    await update_many(connection, entities, changed)
    gone = [{"tenant": tenant, "id": c.entity.id} for c in done if not c.new]
    await delete_many(connection, entities, gone)


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
    types = [
        (c.entity.id, _types(c.old), _types(c.new)) for c in done if _moved(c, attrgetter("types"))
    ]
    await _write_keys(connection, entity_types, "type", tenant, types)
    scopes = [
        (c.entity.id, _scopes(c.old), _scopes(c.new))
        for c in done
        if _moved(c, attrgetter("scope"))
    ]
    await _write_keys(connection, entity_scopes, "scope", tenant, scopes)


def _moved(change: Change, what: attrgetter[Any]) -> bool:
    return not (change.old and change.new) or what(change.old) != what(change.new)


def _types(entity: ContextEntity | None) -> set[str]:
    return set(entity.types) if entity else set()


def _scopes(entity: ContextEntity | None) -> set[str]:
    """With a slash before and behind, so that a hierarchy is a prefix."""
    return {f"/{name.strip('/')}/" for name in entity.scope} if entity else set()


async def _write_keys(
    connection: AsyncConnection,
    table: Table,
    column: str,
    tenant: str,
    moved: list[tuple[str, set[str], set[str]]],
) -> None:
    stale = [
        {"tenant": tenant, column: key, "entity": id_}
        for id_, old, new in moved
        for key in sorted(old - new)
    ]
    await delete_many(connection, table, stale)
    rows = [
        {"tenant": tenant, column: key, "entity": id_}
        for id_, old, new in moved
        for key in sorted(new - old)
    ]
    await insert_many(connection, table, rows)


async def _write_places(connection: AsyncConnection, tenant: str, done: Sequence[Change]) -> None:
    moved = [(c, _places(c, c.old), _places(c, c.new)) for c in done]
    moved = [(c, old, new) for c, old, new in moved if old != new]
    stale = [
        {"tenant": tenant, "entity": c.entity.id, "attribute": name}
        for c, old, _ in moved
        for name in sorted({place[0] for place in old})
    ]
    await delete_many(connection, entity_places, stale)
    rows = [_place(tenant, c.entity.id, place) for c, _, new in moved for place in new]
    await insert_many(connection, entity_places, rows)


def _places(change: Change, entity: ContextEntity | None) -> list[PlaceRow]:
    """Of the attributes that changed: the others are where they were."""
    if entity is None:
        return []
    names = change.names
    return places_of({n: entity.attributes[n] for n in names if n in entity.attributes})


def _place(tenant: str, entity: str, place: PlaceRow) -> dict[str, Any]:
    attribute, south, north, west, east, wkb = place
    return {
        "tenant": tenant,
        "entity": entity,
        "attribute": attribute,
        "south": south,
        "north": north,
        "west": west,
        "east": east,
        "geometry": wkb,
    }


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
