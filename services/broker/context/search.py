"""Answering queries (GS CIM 009 §5.7.2): by id, by place, or in an order that was asked for."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.conditions import Condition, conditions
from services.broker.context.errors import BadRequestData
from services.broker.context.near import nearest
from services.broker.context.ordered import in_order
from services.broker.context.query import Page, Query
from services.broker.context.related import related
from services.broker.context.rows import ENTITY, as_entity
from services.broker.context.tables import entities, entity_types

_BAD_PATTERN: Final = ("2201B", "42601")


async def search(connection: AsyncConnection, tenant: str, query: Query) -> Page:
    """Answer a query: by id, unless it says otherwise; nearest first with ``near``.

    Raises:
        BadRequestData: the store cannot read a pattern.
        TooManyResults: too many places to look at, or entities to put in order.
    """
    sqlite = connection.dialect.name == "sqlite"
    where = conditions(query, tenant, sqlite=sqlite)
    try:
        if query.order:
            return await in_order(connection, tenant, query, where)
        if query.geo and query.geo.is_near:
            return await nearest(connection, tenant, query, query.geo, where)
        if query.geo:
            return await related(connection, tenant, query, query.geo, where)
        return await _by_id(connection, tenant, query, where)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") in _BAD_PATTERN:
            raise BadRequestData("A regular expression cannot be read.") from error
        raise


async def _by_id(
    connection: AsyncConnection, tenant: str, query: Query, where: list[Condition]
) -> Page:
    total = None
    if query.count:
        counting = select(func.count()).select_from(entities).where(*where)
        total = int((await connection.execute(counting)).scalar_one())
    statement = _by_type(query, tenant, where).offset(query.offset).limit(query.limit + 1)
    rows = (await connection.execute(statement)).all()
    found = [as_entity(row) for row in rows[: query.limit]]
    return Page(found, total, more=len(rows) > query.limit)


def _by_type(query: Query, tenant: str, where: list[Condition]) -> Select[tuple[object, ...]]:
    """Entities in the order of their ids.

    Those of one type are read in the order of that type's index, so that the first page of many
    comes without looking at the others.
    """
    name = _one_type(query)
    if not name:
        return select(*ENTITY).where(*where).order_by(entities.c.id)
    named = entity_types.c
    same = (named.tenant == entities.c.tenant) & (named.entity == entities.c.id)
    return (
        select(*ENTITY)
        .select_from(entity_types.join(entities, same))
        .where(named.tenant == tenant, named.type == name, *where)
        .order_by(named.entity)
    )


def _one_type(query: Query) -> str:
    if len(query.selectors) != 1 or query.selectors[0].ids:
        return ""
    alternatives = query.selectors[0].types.alternatives
    names = alternatives[0] if len(alternatives) == 1 else ()
    return next(iter(names)) if len(names) == 1 else ""
