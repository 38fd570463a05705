"""Places that a geo-query may mean, found by their boxes; the geometry itself decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.conditions import Condition, in_box
from services.broker.context.errors import TooManyResults
from services.broker.context.geometry import Box
from services.broker.context.geoquery import GeoQuery
from services.broker.context.model import ContextEntity
from services.broker.context.rows import load
from services.broker.context.tables import entities, entity_places

MOST_CANDIDATES: Final = 100_000
"""Places looked at one by one; a query that means more is asked to be narrower."""


def candidates(
    tenant: str, geo: GeoQuery, box: Box, where: list[Condition], *, sqlite: bool
) -> Select[tuple[str, bytes]]:
    """Entity and geometry of the places in a box whose entities meet the other conditions."""
    place = entity_places.c
    found = select(place.entity, place.geometry).where(
        in_box(box, sqlite=sqlite), place.tenant == tenant, place.attribute == geo.attribute
    )
    if not where:
        return found
    same = and_(place.tenant == entities.c.tenant, place.entity == entities.c.id)
    return found.select_from(entity_places.join(entities, same)).where(*where)


def matches(geo: GeoQuery, rows: Sequence[Any]) -> dict[str, float]:
    """The entities that meet the query, with what they are sorted by.

    One instance of several is enough (§5.7.2.4), and the best one counts.
    """
    orders = geo.orders([row.geometry for row in rows])
    found: dict[str, float] = {}
    for index in np.flatnonzero(~np.isnan(orders)).tolist():
        id_, order = rows[index].entity, float(orders[index])
        found[id_] = min(order, found.get(id_, order))
    return found


def check_candidates(count: int) -> None:
    """Refuse to look at more places than one request may.

    Raises:
        TooManyResults: there are more.
    """
    if count > MOST_CANDIDATES:
        raise TooManyResults(
            f"More than {MOST_CANDIDATES} places would have to be looked at; ask for a smaller"
            " area, or for a type."
        )


async def load_in_order(
    connection: AsyncConnection,
    tenant: str,
    ids: Sequence[str],
    where: Sequence[Condition] = (),
) -> list[ContextEntity]:
    """Those that are there and meet the conditions, in the order that is given."""
    loaded = await load(connection, tenant, ids, where=where)
    return [loaded[id_] for id_ in ids if id_ in loaded]
