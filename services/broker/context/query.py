"""Querying entities (GS CIM 009 §5.7.2): conditions to SQL, places decided on the geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.context.errors import BadRequestData, TooManyResults
from services.broker.context.geoquery import GeoQuery
from services.broker.context.jsonld import CORE, Context
from services.broker.context.model import ContextEntity
from services.broker.context.q import Node
from services.broker.context.q_sql import Compiler
from services.broker.context.rows import TENANT, as_entity, load
from services.broker.tables import entities, entity_places, entity_types

MOST_LIMIT: Final = 1000
MOST_CANDIDATES: Final = 50_000
"""Places looked at one by one; a query that means more is asked to be narrower."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; all conditions hold together.

    Attributes:
        types: any of these, expanded.
        ids: any of these.
        id_pattern: regular expression found in the id.
        attributes: at least one of these, expanded.
        personal: also entities about persons.
    """

    types: Sequence[str] = ()
    ids: Sequence[str] = ()
    id_pattern: str = ""
    attributes: Sequence[str] = ()
    q: Node | None = None
    geo: GeoQuery | None = None
    personal: bool = False
    limit: int = 20
    offset: int = 0
    count: bool = False
    context: Context = CORE


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what was found.

    Attributes:
        total: how many there are in all; None when it was not asked for.
        more: whether there are more behind this page.
    """

    entities: list[ContextEntity]
    total: int | None
    more: bool


async def run(store: Store, query: Query) -> Page:
    """Answer a query: nearest first with ``near``, by id otherwise.

    Raises:
        BadRequestData: the store cannot read a pattern.
        TooManyResults: too many places to look at.
    """
    where = _conditions(query, sqlite=store.is_sqlite)
    try:
        async with store.read() as connection:
            if query.geo:
                return await _by_place(connection, query, query.geo, where)
            return await _by_id(connection, query, where)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in ("2201B", "42601"):
            raise BadRequestData("A regular expression cannot be read.") from error
        raise


def _conditions(query: Query, *, sqlite: bool) -> list[ColumnElement[bool]]:
    compiler = Compiler(query.context, sqlite=sqlite)
    found: list[ColumnElement[bool]] = [entities.c.tenant == TENANT]
    if not query.personal:
        found.append(entities.c.restricted == 0)
    if query.types:
        found.append(_of_type(query.types))
    if query.ids:
        found.append(entities.c.id.in_(query.ids))
    if query.id_pattern:
        found.append(entities.c.id.regexp_match(query.id_pattern))
    if query.attributes:
        found.append(or_(*(compiler.has_attribute(name) for name in query.attributes)))
    if query.q:
        found.append(compiler.condition(query.q))
    return found


def _of_type(types: Sequence[str]) -> ColumnElement[bool]:
    return exists().where(
        entity_types.c.tenant == entities.c.tenant,
        entity_types.c.entity == entities.c.id,
        entity_types.c.type.in_(types),
    )


async def _by_id(
    connection: AsyncConnection, query: Query, where: list[ColumnElement[bool]]
) -> Page:
    total = None
    if query.count:
        counting = select(func.count()).select_from(entities).where(*where)
        total = int((await connection.execute(counting)).scalar_one())
    statement = (select(entities).where(*where).order_by(entities.c.id).offset(query.offset)).limit(
        query.limit + 1
    )
    rows = (await connection.execute(statement)).all()
    found = [as_entity(row) for row in rows[: query.limit]]
    return Page(found, total, more=len(rows) > query.limit)


async def _by_place(
    connection: AsyncConnection, query: Query, geo: GeoQuery, where: list[ColumnElement[bool]]
) -> Page:
    rows = (await connection.execute(_candidates(geo, where))).all()
    if len(rows) > MOST_CANDIDATES:
        raise TooManyResults("Too many entities are that near; ask for a smaller area or a type.")
    placed = [(geo.order(row.geometry), row.entity) for row in rows]
    hits = sorted((order, id_) for order, id_ in placed if order is not None)
    page = [id_ for _, id_ in hits[query.offset : query.offset + query.limit]]
    loaded = await load(connection, page)
    found = [loaded[id_] for id_ in page if id_ in loaded]
    total = len(hits) if query.count else None
    return Page(found, total, more=len(hits) > query.offset + query.limit)


def _candidates(geo: GeoQuery, where: list[ColumnElement[bool]]) -> Select[tuple[str, object]]:
    """Places whose box touches the query's box, of entities that meet the other conditions."""
    south, north, west, east = geo.box
    place = entity_places.c
    same = and_(place.tenant == entities.c.tenant, place.entity == entities.c.id)
    return (
        select(place.entity, place.geometry)
        .select_from(entity_places.join(entities, same))
        .where(
            place.tenant == TENANT,
            place.attribute == geo.attribute,
            place.south <= north,
            place.north >= south,
            place.west <= east,
            place.east >= west,
            *where,
        )
        .limit(MOST_CANDIDATES + 1)
    )
