"""The order of an answer (GS CIM 009 §4.23)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from services.broker.context.errors import BadRequestData, TooComplexQuery
from services.broker.context.geoquery import parse_geometry
from services.broker.context.q import Term, parse_q

MEMBERS: Final = frozenset(("id", "type", "scope"))
_DIRECTIONS: Final = frozenset(("asc", "desc", "dist-asc", "dist-desc"))
_MOST_ORDERS: Final = 5
_COLLATION: Final = re.compile(r"[a-z]{2,8}(?:-[a-zA-Z0-9]{1,8}){0,10}")


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to order by.

    Attributes:
        term: the attribute's path, short names; or ``id``, ``type`` or ``scope``.
        descending: the greatest, or the farthest, first.
        reference: a GeoJSON geometry to order by the distance from; None to order by value.
    """

    term: Term
    descending: bool = False
    reference: dict[str, Any] | None = None


def parse_orders(parts: list[str], coordinates: Any, kind: str) -> list[Order]:
    """What ``orderBy`` asks for.

    Args:
        parts: ``name``, ``name;desc``, ``location;dist-asc``….
        coordinates, kind: of the geometry that distances are measured from, or empty.

    Raises:
        BadRequestData: no attribute, no direction, or a distance from nowhere.
        TooComplexQuery: more than are answered.
    """
    if len(parts) > _MOST_ORDERS:
        raise TooComplexQuery(f"orderBy names at most {_MOST_ORDERS} attributes.")
    reference = parse_geometry(kind or "Point", coordinates) if coordinates else None
    return [_order(part.strip(), reference) for part in parts]


def _order(text: str, reference: dict[str, Any] | None) -> Order:
    name, _, direction = text.partition(";")
    if direction and direction not in _DIRECTIONS:
        raise BadRequestData("orderBy: a direction is asc, desc, dist-asc or dist-desc.")
    term = parse_q(name)
    if not isinstance(term, Term) or term.operator or term.links:
        raise BadRequestData(f"orderBy: {name[:80]!r} is no attribute.")
    far = direction.endswith("desc")
    if not direction.startswith("dist-"):
        return Order(term, far)
    if reference is None:
        raise BadRequestData("orderBy: a distance needs orderFrom, the coordinates it is from.")
    return Order(term, far, reference)


def check_collation(text: str) -> str:
    """A collation, when it is written as one (RFC 6067).

    Raises:
        BadRequestData: it is not.
    """
    if text and not _COLLATION.fullmatch(text):
        raise BadRequestData("collation is an ICU collation: und-x-icu, de-u-co-phonebk.")
    return text
