"""The nearest first, without looking at all that are near: in rings that grow."""

from __future__ import annotations

from collections.abc import Iterator
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
_GROWTH: Final = 4.0
_HALF_ROUND_THE_WORLD: Final = 20_100_000.0


async def nearest(
    connection: AsyncConnection, tenant: str, query: Query, geo: GeoQuery, where: list[Condition]
) -> Page:
    """A page of what is near, nearest first.

    Everything nearer than a radius is in the ring of that radius: as soon as a ring holds enough
    for the page, nothing outside of it can be on the page.

    Raises:
        TooManyResults: too many places to look at.
    """
    wanted = query.offset + query.limit + 1
    hits: list[tuple[float, str]] = []
    for radius, box in _rings(geo, whole=query.count):
        found = await _in_ring(connection, tenant, geo, box, where)
        hits = sorted((order, id_) for id_, order in found.items() if order <= radius)
        if len(hits) >= wanted:
            break
    page = [id_ for _, id_ in hits[query.offset : wanted - 1]]
    entities = await load_in_order(connection, tenant, page)
    return Page(entities, len(hits) if query.count else None, more=len(hits) >= wanted)


async def _in_ring(
    connection: AsyncConnection, tenant: str, geo: GeoQuery, box: Box, where: list[Condition]
) -> dict[str, float]:
    sqlite = connection.dialect.name == "sqlite"
    statement = candidates(tenant, geo, box, where, sqlite=sqlite).limit(MOST_CANDIDATES + 1)
    rows: Any = (await connection.execute(statement)).all()
    check_candidates(len(rows))
    return matches(geo, rows)


def _rings(geo: GeoQuery, *, whole: bool) -> Iterator[tuple[float, Box]]:
    """Radius in metres and its box; the last one holds all that the query can mean."""
    farthest = geo.farthest or _HALF_ROUND_THE_WORLD
    radius = max(_FIRST_METRES, (geo.nearest or 0) * 1.5)
    while radius < farthest and not whole:
        yield radius, geo.box_within(radius)
        radius *= _GROWTH
    yield farthest, geo.box if geo.farthest else WORLD
