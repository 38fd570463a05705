"""Geo-queries (GS CIM 009 §4.10): ``near`` and ``within``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.broker.context.errors import BadRequestData
from services.broker.context.geometry import (
    Box,
    Point,
    around,
    bounds,
    distance_to,
    is_sound,
    is_within,
    points,
)
from services.broker.context.jsonld import Context

_NEAR: Final = re.compile(r"near;(maxDistance|minDistance)==(\d{1,9}(?:\.\d{1,6})?)")
_WORLD: Final = (-90.0, 90.0, -180.0, 180.0)
_MOST_COORDINATES: Final = 20_000


@dataclass(frozen=True, slots=True)
class GeoQuery:
    """Where an entity must be.

    Attributes:
        attribute: expanded name of the GeoProperty that is asked.
        reference: the geometry it is compared with.
        nearest, farthest: metres, for ``near``; both None for ``within``.
    """

    attribute: str
    reference: dict[str, Any]
    nearest: float | None = None
    farthest: float | None = None

    @property
    def is_near(self) -> bool:
        return self.nearest is not None or self.farthest is not None

    @property
    def centre(self) -> Point:
        return next(points(self.reference))

    @property
    def box(self) -> Box:
        """A box that every match touches."""
        if not self.is_near:
            return bounds(self.reference)
        return _WORLD if self.farthest is None else around(self.centre, self.farthest)

    def order(self, geometry: dict[str, Any]) -> float | None:
        """None when the geometry is no match; else what matches are sorted by (metres)."""
        if not self.is_near:
            return 0.0 if is_within(geometry, self.reference) else None
        metres = distance_to(self.centre, geometry)
        if self.farthest is not None and metres > self.farthest:
            return None
        return None if self.nearest is not None and metres < self.nearest else metres


def parse_geoquery(
    georel: str, geometry: str, coordinates: str, geoproperty: str, context: Context
) -> GeoQuery | None:
    """The geo-query of a request's parameters; None when there is none.

    Raises:
        BadRequestData: some are missing, malformed, or mean a relation that is not offered.
    """
    if not (georel or geometry or coordinates):
        return None
    if not (georel and geometry and coordinates):
        raise BadRequestData("A geo-query has georel, geometry and coordinates.")
    reference = {"type": geometry, "coordinates": _coordinates(coordinates)}
    if not is_sound(reference):
        raise BadRequestData("geometry and coordinates make no GeoJSON geometry, in degrees.")
    attribute = context.expand(geoproperty or "location")
    near = _NEAR.fullmatch(georel)
    if near and geometry == "Point":
        metres = float(near[2])
        if near[1] == "maxDistance":
            return GeoQuery(attribute, reference, farthest=metres)
        return GeoQuery(attribute, reference, nearest=metres)
    if georel == "within" and geometry in ("Polygon", "MultiPolygon"):
        return GeoQuery(attribute, reference)
    raise BadRequestData(
        "georel is near;maxDistance==<metres> or near;minDistance==<metres> around a Point, or"
        " within a Polygon or MultiPolygon."
    )


def _coordinates(text: str) -> Any:
    if len(text) > _MOST_COORDINATES:
        raise BadRequestData(f"coordinates has more than {_MOST_COORDINATES} characters.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequestData(f"coordinates is no JSON array: {error}.") from error
