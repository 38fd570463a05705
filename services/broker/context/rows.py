"""Entities to rows and back: the SQL that writes them, one statement for many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.geometry import bounds, is_sound
from services.broker.context.jsonld import CORE_TERMS
from services.broker.context.model import ContextEntity
from services.broker.context.stamping import changed_names
from services.broker.tables import changes, entities, entity_places, entity_types

TENANT: Final = ""
"""The one tenant there is; the column keeps the place for more."""

_SCOPES: Final = "@scope"
_EXPIRES: Final = "@expiresAt"
"""In an entity's document, beside its attributes: no expanded name begins so."""


@dataclass(frozen=True, slots=True)
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

    @property
    def names(self) -> list[str]:
        """The attributes that changed."""
        before = self.old.attributes if self.old else {}
        names = changed_names(before, self.new.attributes if self.new else {})
        moved = (self.old.scope if self.old else ()) != (self.new.scope if self.new else ())
        return [*names, CORE_TERMS["scope"]] if moved else names


async def load(
    connection: AsyncConnection, ids: Sequence[str], *, lock: bool = False
) -> dict[str, ContextEntity]:
    """The entities that are there, by id.

    Args:
        lock: keep others from changing them until the transaction ends. Always taken in the
            order of the ids, so that two batches cannot wait for each other.
    """
    found: dict[str, ContextEntity] = {}
    for start in range(0, len(ids), 500):
        query = (
            select(entities)
            .where(entities.c.tenant == TENANT, entities.c.id.in_(ids[start : start + 500]))
            .order_by(entities.c.id)
        )
        rows = await connection.execute(query.with_for_update() if lock else query)
        found |= {row.id: as_entity(row) for row in rows}
    return found


def as_entity(row: Any) -> ContextEntity:
    attributes = row.document
    scopes, expires = attributes.pop(_SCOPES, ()), attributes.pop(_EXPIRES, "")
    return ContextEntity(
        row.id, tuple(row.types), attributes, row.created, row.modified, tuple(scopes), expires
    )


def _document(entity: ContextEntity) -> dict[str, Any]:
    """The attributes, and beside them what the entity says of itself."""
    own = {_SCOPES: list(entity.scope), _EXPIRES: entity.expires}
    return {**entity.attributes, **{name: value for name, value in own.items() if value}}


async def write(connection: AsyncConnection, done: Sequence[Change], now: str) -> None:
    """Make the rows say what is now, and append what changed to the past."""
    await _write_entities(connection, done)
    await _write_types(connection, [c for c in done if not _same_types(c)])
    await _write_places(connection, done)
    await _many(connection, insert(changes), [_past(change, now) for change in done])


async def _write_entities(connection: AsyncConnection, done: Sequence[Change]) -> None:
    here = and_(entities.c.tenant == TENANT, entities.c.id == bindparam("which"))
    # in the order of the ids: two batches that create the same entities would else wait for each
    # other, each behind a row that the other has just inserted
    news = sorted((_row(c.new) for c in done if c.new and not c.old), key=itemgetter("id"))
    await _many(connection, insert(entities), news)
    changed = [{**_row(c.new), "which": c.new.id} for c in done if c.new and c.old]
    await _many(connection, update(entities).where(here), changed)
    gone = [{"which": c.entity.id} for c in done if not c.new]
    await _many(connection, delete(entities).where(here), gone)


def _row(entity: ContextEntity) -> dict[str, Any]:
    return {
        "tenant": TENANT,
        "id": entity.id,
        "restricted": int(entity.restricted),
        "types": list(entity.types),
        "document": _document(entity),
        "created": entity.created,
        "modified": entity.modified,
    }


def _same_types(change: Change) -> bool:
    return bool(change.old and change.new and change.old.types == change.new.types)


async def _write_types(connection: AsyncConnection, done: Sequence[Change]) -> None:
    which = and_(entity_types.c.tenant == TENANT, entity_types.c.entity == bindparam("which"))
    stale = [{"which": c.entity.id} for c in done if c.old]
    await _many(connection, delete(entity_types).where(which), stale)
    rows = [
        {"tenant": TENANT, "type": name, "entity": c.new.id}
        for c in done
        if c.new
        for name in c.new.types
    ]
    await _many(connection, insert(entity_types), rows)


async def _write_places(connection: AsyncConnection, done: Sequence[Change]) -> None:
    moved = [(c, _places(c.old), _places(c.new)) for c in done]
    moved = [(c, old, new) for c, old, new in moved if old != new]
    which = and_(entity_places.c.tenant == TENANT, entity_places.c.entity == bindparam("which"))
    stale = [{"which": c.entity.id} for c, old, _ in moved if old]
    await _many(connection, delete(entity_places).where(which), stale)
    rows = [row for _, _, new in moved for row in new]
    await _many(connection, insert(entity_places), rows)


def _places(entity: ContextEntity | None) -> list[dict[str, Any]]:
    """One row per geo attribute: the default instance, or the first where there is none."""
    rows = []
    for name, instances in (entity.attributes if entity else {}).items():
        geo = [i for i in instances if i["type"] == "GeoProperty" and is_sound(i["value"])]
        if entity and geo:
            chosen = next((i for i in geo if "datasetId" not in i), geo[0])
            south, north, west, east = bounds(chosen["value"])
            rows.append(
                {
                    "tenant": TENANT,
                    "entity": entity.id,
                    "attribute": name,
                    "south": south,
                    "north": north,
                    "west": west,
                    "east": east,
                    "geometry": chosen["value"],
                }
            )
    return rows


def _past(change: Change, now: str) -> dict[str, Any]:
    after: dict[str, Any] = dict(change.new.attributes) if change.new else {}
    if change.new and change.new.scope:
        after[CORE_TERMS["scope"]] = list(change.new.scope)
    return {
        "tenant": TENANT,
        "entity": change.entity.id,
        "types": list(change.entity.types),
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
