"""A query's conditions in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, text

from services.broker.context.geometry import WORLD, Box
from services.broker.context.q_sql import Compiler
from services.broker.context.query import Query, Selector
from services.broker.context.scope_query import Scopes, ScopeTerm
from services.broker.context.tables import (
    BOX_OF_PLACE,
    entities,
    entity_places,
    entity_scopes,
    entity_types,
)

Condition = ColumnElement[bool]


def conditions(query: Query, tenant: str, *, sqlite: bool) -> list[Condition]:
    """What must hold of ``entities``; not the places, which are found by themselves."""
    compiler = Compiler(query.context, sqlite=sqlite, personal=query.personal)
    found: list[Condition] = [entities.c.tenant == tenant]
    if not query.personal:
        found.append(entities.c.restricted == 0)
    if query.selectors:
        found.append(or_(*(_selected(selector) for selector in query.selectors)))
    if query.attributes:
        found.append(or_(*(compiler.has_attribute(name) for name in query.attributes)))
    if query.scopes:
        found.append(_in_scopes(query.scopes))
    if query.q:
        found.append(compiler.condition(query.q))
    return found


def _selected(selector: Selector) -> Condition:
    found: list[Condition] = []
    if selector.types.alternatives:
        found.append(
            or_(*(and_(*map(_has_type, sorted(names))) for names in selector.types.alternatives))
        )
    if selector.ids:
        found.append(entities.c.id.in_(selector.ids))
    elif selector.id_pattern:
        found.append(entities.c.id.regexp_match(selector.id_pattern))
    return and_(*found) if found else entities.c.id != ""


def _has_type(name: str) -> Condition:
    found = exists().where(
        entity_types.c.tenant == entities.c.tenant,
        entity_types.c.entity == entities.c.id,
        entity_types.c.type == name,
    )
    return found.correlate(entities)


def _in_scopes(scopes: Scopes) -> Condition:
    return or_(*(and_(*map(_has_scope, terms)) for terms in scopes))


def _has_scope(term: ScopeTerm) -> Condition:
    column = entity_scopes.c.scope
    where: list[Condition] = []
    if term.is_plain and not term.below:
        where.append(column == term.prefix)
    else:
        # a range that the index knows; the levels hold no character behind "0", the slash's next
        where += [column >= term.prefix, column < f"{term.prefix[:-1]}0"]
    if not term.is_plain:
        where.append(column.regexp_match(term.pattern))
    found = exists().where(
        entity_scopes.c.tenant == entities.c.tenant,
        entity_scopes.c.entity == entities.c.id,
        *where,
    )
    return found.correlate(entities)


def in_box(box: Box, *, sqlite: bool) -> Condition:
    """Places whose own box touches ``box``, found by the stores' own indexes of boxes."""
    if box == WORLD:
        return ~false()
    south, north, west, east = box
    bound: dict[str, Any] = {"south": south, "north": north, "west": west, "east": east}
    if sqlite:
        found = text(
            "entity_places.place IN (SELECT id FROM entity_boxes WHERE west <= :east"
            " AND east >= :west AND south <= :north AND north >= :south)"
        )
    else:
        found = text(
            f"{BOX_OF_PLACE.format('entity_places.')}"
            " && box(point(CAST(:west AS float8), CAST(:south AS float8)),"
            " point(CAST(:east AS float8), CAST(:north AS float8)))"
        )
    place = entity_places.c
    return and_(
        found.bindparams(**bound),
        # R*Tree keeps 32 bits of each number, rounded outwards
        place.south <= north,
        place.north >= south,
        place.west <= east,
        place.east >= west,
    )
