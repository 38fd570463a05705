"""Entities whose geometry stands in a relation to another, in the order of their ids."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.candidates import (
    candidates,
    check_candidates,
    load_in_order,
    matches,
)
from services.broker.context.conditions import Condition
from services.broker.context.geoquery import GeoQuery
from services.broker.context.query import Page, Query
from services.broker.context.tables import entity_places

_AT_ONCE: Final = 2000


async def related(
    connection: AsyncConnection, tenant: str, query: Query, geo: GeoQuery, where: list[Condition]
) -> Page:
    """A page of what stands in the query's relation.

    Candidates are read in the order of the answer, until the page is full; all of them when the
    whole is to be counted.

    Raises:
        TooManyResults: too many places to look at.
    """
    wanted = query.offset + query.limit + 1
    sqlite = connection.dialect.name == "sqlite"
    place = entity_places.c
    found = candidates(tenant, geo, geo.box, where, sqlite=sqlite)
    found = found.order_by(place.entity, place.place).limit(_AT_ONCE)
    hits: dict[str, float] = {}
    looked_at, last = 0, ""
    while query.count or len(hits) < wanted:
        # the instances of one entity may be spread over two reads: it is then asked about twice
        rows: Any = (await connection.execute(found.where(place.entity >= last))).all()
        hits |= matches(geo, rows)
        looked_at += len(rows)
        check_candidates(looked_at)
        if len(rows) < _AT_ONCE or rows[-1].entity == last:
            break
        last = rows[-1].entity
    page = sorted(hits)[query.offset : wanted - 1]
    entities = await load_in_order(connection, tenant, page)
    return Page(entities, len(hits) if query.count else None, more=len(hits) >= wanted)
