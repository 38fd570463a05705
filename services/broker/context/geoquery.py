"""Geo-queries (GS CIM 009 §4.10): seven relations between a reference and what entities say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from services.broker.context.errors import BadRequestData
from services.broker.context.geometry import (
    WORLD,
    Box,
    Shapes,
    around,
    as_wkb,
    bounds,
    is_sound,
    metres_between,
    metres_to_points,
    points_in,
    shape,
    shapes,
)
from services.broker.context.jsonld import Context

Relation = Literal["near", "within", "contains", "intersects", "equals", "disjoint", "overlaps"]

_NEAR: Final = re.compile(
    r"near;(maxDistance|minDistance)==((?:0|[1-9]\d{0,11})(?:\.\d{1,9})?(?:[eE][+-]?\d{1,2})?)"
)
_MOST_COORDINATES: Final = 200_000
LOCATION: Final = "location"
SEPARATOR: Final = " "
"""Between the names of a GeoProperty of a property, as places are kept under."""

# GEOS prepares the first of two: so the reference comes first, and the relation is turned round
_TESTS: Final[Mapping[str, Callable[[BaseGeometry, Shapes], Any]]] = {
    "within": shapely.contains,
    "contains": shapely.within,
    "intersects": shapely.intersects,
    "equals": shapely.equals,
    "disjoint": shapely.disjoint,
    "overlaps": shapely.overlaps,
}


@dataclass(frozen=True)
class GeoQuery:
    """Where an entity must be.

    Attributes:
        attribute: expanded name of the GeoProperty that is asked.
        relation: how the entity's geometry stands to the reference.
        reference: GeoJSON.
        nearest, farthest: metres, one of them for ``near``.
    """

    attribute: str
    relation: Relation
    reference: dict[str, Any]
    nearest: float | None = None
    farthest: float | None = None

    @property
    def is_near(self) -> bool:
        return self.relation == "near"

    @cached_property
    def shape(self) -> BaseGeometry:
        found = shape(self.reference)
        shapely.prepare(found)
        return found

    @property
    def box(self) -> Box:
        """A box that every match touches."""
        if self.relation == "disjoint":
            return WORLD
        if not self.is_near:
            return bounds(self.reference)
        return WORLD if self.farthest is None else self.box_within(self.farthest)

    def box_within(self, metres: float) -> Box:
        """A box that holds all that is that near to the reference."""
        return around(bounds(self.reference), metres)

    def orders(self, wkb: Sequence[bytes]) -> NDArray[np.float64]:
        """For each geometry what matches are sorted by (metres with ``near``); NaN: no match."""
        if not len(wkb):
            return np.zeros(0)
        if not self.is_near:
            return np.where(self._holds(shapes(wkb)), 0.0, np.nan)
        metres = self._metres(wkb)
        if self.farthest is not None:
            return np.where(metres <= self.farthest, metres, np.nan)
        return np.where(metres > (self.nearest or 0.0), metres, np.nan)

    def _metres(self, wkb: Sequence[bytes]) -> NDArray[np.float64]:
        points = points_in(wkb) if self.reference["type"] == "Point" else None
        if points is None:
            return metres_between(self.shape, shapes(wkb))
        x, y = self.reference["coordinates"][:2]  # what is asked for most often, without GEOS
        return metres_to_points((x, y), points)

    def _holds(self, found: Shapes) -> Any:
        test = _TESTS[self.relation]
        try:
            return test(self.shape, found)
        except shapely.GEOSException:  # one that crosses itself, stored by an older version
            return test(self.shape, shapely.make_valid(found))

    def matches(self, geometries: Sequence[Any]) -> bool:
        """Whether one of an attribute's GeoJSON values meets the query; others are passed over."""
        wkb = [as_wkb(geometry) for geometry in geometries if is_sound(geometry)]
        return bool((~np.isnan(self.orders(wkb))).any())


def parse_geoquery(
    georel: str, geometry: str, coordinates: Any, geoproperty: str, context: Context
) -> GeoQuery | None:
    """The geo-query of a request's parameters; None when there is none.

    Args:
        coordinates: the JSON array, or its text.

    Raises:
        BadRequestData: some are missing, malformed, or mean a relation that is not offered.
    """
    if not (georel or geometry or coordinates):
        return None
    if not (georel and geometry and coordinates):
        raise BadRequestData("A geo-query has georel, geometry and coordinates.")
    reference = parse_geometry(geometry, coordinates)
    path = (geoproperty or LOCATION).split(".")
    attribute = SEPARATOR.join(context.expand(name) for name in path)
    near = _NEAR.fullmatch(georel)
    if near:
        return _near(attribute, reference, near[1], float(near[2]))
    if georel not in _TESTS:
        raise BadRequestData(
            "georel is near;maxDistance==<metres>, near;minDistance==<metres>, within, contains,"
            " intersects, equals, disjoint or overlaps."
        )
    return GeoQuery(attribute, georel, reference)  # type: ignore[arg-type]


def _near(attribute: str, reference: dict[str, Any], modifier: str, metres: float) -> GeoQuery:
    if metres <= 0:
        raise BadRequestData(f"georel: {modifier} is a number above 0.")
    if modifier == "maxDistance":
        return GeoQuery(attribute, "near", reference, farthest=metres)
    return GeoQuery(attribute, "near", reference, nearest=metres)


def parse_geometry(kind: str, coordinates: Any) -> dict[str, Any]:
    """A reference geometry (§4.10: of RFC 7946, but no GeometryCollection).

    Raises:
        BadRequestData: it is none.
    """
    value = _decoded(coordinates) if isinstance(coordinates, str) else coordinates
    reference = {"type": kind, "coordinates": value}
    if not is_sound(reference):
        raise BadRequestData("geometry and coordinates make no GeoJSON geometry, in degrees.")
    return reference


def _decoded(text: str) -> Any:
    if len(text) > _MOST_COORDINATES:
        raise BadRequestData(f"coordinates has more than {_MOST_COORDINATES} characters.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"coordinates is no JSON array: {error}.") from error
