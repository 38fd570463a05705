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

_FIRST_METRES: Final = 75.0
_MOST_AT_A_GLANCE: Final = 2_000
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
    if not (query.count or query.offset or geo.nearest) and radius <= farthest:
        first, found_here = await _at_first_glance(connection, tenant, query, geo, where, radius)
        if first:
            return first
        if found_here < wanted:  # whatever the other conditions are, that is not enough
            radius *= _growth(wanted, found_here)
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
) -> tuple[Page | None, int]:
    """The first page, where most of what is nearest meets the other conditions too.

    Then these need not be looked at for all that is in the circle, which takes several times as
    long as to find what is in it.

    Returns:
        The page, if it can be had like that, and how many are in the circle.
    """
    wanted = query.limit + 1
    sqlite = connection.dialect.name == "sqlite"
    places = candidates(tenant, geo, _box(geo, radius), [], sqlite=sqlite)
    rows: Any = (await connection.execute(places.limit(_MOST_AT_A_GLANCE))).all()
    if len(rows) == _MOST_AT_A_GLANCE:  # crowded: better only what meets the conditions
        return None, wanted
    found = matches(geo, rows)
    hits = sorted((order, id_) for id_, order in found.items() if order <= radius)
    if len(hits) < wanted:
        return None, len(hits)
    ids = [id_ for _, id_ in hits[: math.ceil(wanted * _SPARE)]]
    entities = await load_in_order(connection, tenant, ids, where)
    full = len(entities) >= wanted
    return Page(entities[: query.limit], None, more=True) if full else None, len(hits)


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
