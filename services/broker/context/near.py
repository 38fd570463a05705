"""The nearest first, without looking at all that are near: in circles that grow."""

from __future__ import annotations

import math
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.candidates import (
    MOST_CANDIDATES,
    candidates,
    check_candidates,
    load_in_order,
    matches,
)
from services.broker.context.conditions import Condition
from services.broker.context.geometry import WORLD, Box
from services.broker.context.geoquery import GeoQuery
from services.broker.context.query import Page, Query

_FIRST_METRES: Final = 100.0
_LEAST_GROWTH, _MOST_GROWTH = 1.5, 4.0
_SPARE: Final = 1.2
_HALF_ROUND_THE_WORLD: Final = 20_100_000.0


async def nearest(
    connection: AsyncConnection, tenant: str, query: Query, geo: GeoQuery, where: list[Condition]
) -> Page:
    """A page of what is near, nearest first.

    All that is nearer than a radius is in the circle of that radius: as soon as a circle holds
    enough for the page, nothing outside of it can be on the page.

    Raises:
        TooManyResults: too many places to look at.
    """
    wanted = query.offset + query.limit + 1
    farthest = geo.farthest or _HALF_ROUND_THE_WORLD
    radius = farthest if query.count else max(_FIRST_METRES, (geo.nearest or 0) * 1.5)
    if not query.count and not query.offset and radius <= farthest:
        first = await _at_first_glance(connection, tenant, query, geo, where, radius)
        if first:
            return first
    hits: list[tuple[float, str]] = []
    while True:
        radius = min(radius, farthest)
        box = _box(geo, radius)
        found = await _in_box(connection, tenant, geo, box, where)
        hits = sorted((order, id_) for id_, order in found.items() if order <= radius)
        if len(hits) >= wanted or radius == farthest:
            break
        radius *= _growth(wanted, len(hits))
    page = [id_ for _, id_ in hits[query.offset : wanted - 1]]
    entities = await load_in_order(connection, tenant, page)
    return Page(entities, len(hits) if query.count else None, more=len(hits) >= wanted)


async def _at_first_glance(
    connection: AsyncConnection,
    tenant: str,
    query: Query,
    geo: GeoQuery,
    where: list[Condition],
    radius: float,
) -> Page | None:
    """The first page, where most of what is nearest meets the other conditions too.

    Then these need not be looked at for all that is in the circle, which takes several times as
    long as to find what is in it.
    """
    wanted = query.limit + 1
    found = await _in_box(connection, tenant, geo, _box(geo, radius), [])
    hits = sorted((order, id_) for id_, order in found.items() if order <= radius)
    nearest_ids = [id_ for _, id_ in hits[: math.ceil(wanted * _SPARE)]]
    if len(nearest_ids) < wanted:
        return None
    entities = await load_in_order(connection, tenant, nearest_ids, where)
    return Page(entities[: query.limit], None, more=True) if len(entities) >= wanted else None


def _growth(wanted: int, found: int) -> float:
    """By how much the next circle is wider: what is spread evenly grows with the square."""
    if not found:
        return _MOST_GROWTH
    return min(_MOST_GROWTH, max(_LEAST_GROWTH, math.sqrt(wanted / found) * _SPARE))


def _box(geo: GeoQuery, radius: float) -> Box:
    return WORLD if radius == _HALF_ROUND_THE_WORLD else geo.box_within(radius)


async def _in_box(
    connection: AsyncConnection, tenant: str, geo: GeoQuery, box: Box, where: list[Condition]
) -> dict[str, float]:
    sqlite = connection.dialect.name == "sqlite"
    statement = candidates(tenant, geo, box, where, sqlite=sqlite).limit(MOST_CANDIDATES + 1)
    rows: Any = (await connection.execute(statement)).all()
    check_candidates(len(rows))
    return matches(geo, rows)
