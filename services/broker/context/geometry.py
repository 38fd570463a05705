"""Geometry on the ground: GeoJSON (RFC 7946), degrees, WGS 84; distances in metres.

Shapes are GEOS's (shapely), read from OGC well-known binary many at a time. Lines between two
points are straight in longitude and latitude, as RFC 7946 §3.1.1 has them. Distances are
great-circle ones (haversine, mean radius 6,371,008.8 m, IUGG), right to 0.5 %; where a line or an
area is nearest is found on the plane that touches the earth at the reference.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

EARTH_RADIUS_METRES: Final = 6_371_008.8
METRES_PER_DEGREE: Final = math.pi * EARTH_RADIUS_METRES / 180

Point = tuple[float, float]
"""Longitude, latitude."""

Box = tuple[float, float, float, float]
"""South, north, west, east."""

WORLD: Final[Box] = (-90.0, 90.0, -180.0, 180.0)

_DEPTH: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_FEWEST: Final = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}
"""Positions of a line (RFC 7946 §3.1.4) and of a ring (§3.1.6)."""

_NUMBERS: Final = (int, float)
_MOST_POINTS: Final = 100_000
_WKB_POINT: Final = struct.Struct("<BIdd")
_LITTLE_ENDIAN: Final = 1
_POINT: Final = 1

Shapes = NDArray[Any]
"""GEOS geometries."""


def is_sound(geometry: Any) -> bool:
    """Whether it is a geometry of RFC 7946, but no GeometryCollection.

    Its coordinates are numbers in range, nested as its type says; lines have two positions, rings
    four, of which the last is the first.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(kind, str) or kind not in _DEPTH:
        return False
    budget = [_MOST_POINTS]
    coordinates = geometry.get("coordinates")
    return (
        _is_nest(coordinates, _DEPTH[kind], budget)
        and budget[0] > 0
        and all(_is_line(line, kind) for line in _lines(coordinates, kind))
    )


def _is_nest(value: Any, depth: int, budget: list[int]) -> bool:
    if not isinstance(value, list):
        return False
    if depth:
        return bool(value) and all(_is_nest(item, depth - 1, budget) for item in value)
    budget[0] -= 1
    return budget[0] > 0 and 2 <= len(value) <= 4 and _in_range(value[0], 180, value[1], 90)


def _in_range(x: Any, most_x: float, y: Any, most_y: float) -> bool:
    numbers = type(x) in _NUMBERS and type(y) in _NUMBERS  # exactly: a bool is an int too
    return numbers and abs(x) <= most_x and abs(y) <= most_y


def _lines(coordinates: Any, kind: str) -> Iterator[Sequence[Any]]:
    if kind == "LineString":
        yield coordinates
    elif kind in ("MultiLineString", "Polygon"):
        yield from coordinates
    elif kind == "MultiPolygon":
        for rings in coordinates:
            yield from rings


def _is_line(line: Sequence[Any], kind: str) -> bool:
    return len(line) >= _FEWEST[kind] and (not kind.endswith("Polygon") or line[0] == line[-1])


def points(geometry: dict[str, Any]) -> Iterator[Point]:
    """Every point of a sound geometry."""
    return _points(geometry["coordinates"], _DEPTH[geometry["type"]])


def _points(value: Sequence[Any], depth: int) -> Iterator[Point]:
    if depth == 0:
        yield (float(value[0]), float(value[1]))
        return
    for item in value:
        yield from _points(item, depth - 1)


def bounds(geometry: dict[str, Any]) -> Box:
    """The smallest box around a sound geometry."""
    if geometry["type"] == "Point":
        x, y = geometry["coordinates"][:2]
        return float(y), float(y), float(x), float(x)
    found = list(points(geometry))
    longitudes = [x for x, _ in found]
    latitudes = [y for _, y in found]
    return min(latitudes), max(latitudes), min(longitudes), max(longitudes)


def around(box: Box, metres: float) -> Box:
    """A box that holds everything within ``metres`` of another.

    Near a pole, or where the box would cross the antimeridian, it is as wide as the world.
    """
    low, high, left, right = box
    height = metres / METRES_PER_DEGREE * 1.001  # more than enough for rounding
    south, north = max(-90.0, low - height), min(90.0, high + height)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    width = height / narrowest if narrowest > 1e-9 else 360.0
    if left - width < -180 or right + width > 180:
        return south, north, -180.0, 180.0
    return south, north, left - width, right + width


def shape(geometry: dict[str, Any]) -> BaseGeometry:
    """GEOS's form of a sound geometry; one that crosses itself is mended."""
    found: BaseGeometry = shapely.from_geojson(orjson.dumps(geometry))
    return found if found.is_valid else shapely.make_valid(found)


def as_wkb(geometry: dict[str, Any]) -> bytes:
    """Well-known binary of a sound geometry."""
    if geometry["type"] == "Point":
        x, y = geometry["coordinates"][:2]
        return _WKB_POINT.pack(_LITTLE_ENDIAN, _POINT, x, y)
    return bytes(shapely.to_wkb(shapely.force_2d(shape(geometry)), byte_order=_LITTLE_ENDIAN))


def shapes(wkb: Sequence[bytes]) -> Shapes:
    return np.asarray(shapely.from_wkb(list(wkb)), dtype=object)


def metres_between(reference: BaseGeometry, targets: Shapes) -> NDArray[np.float64]:
    """Metres from a geometry to each of the others, by their nearest points; 0 where they touch."""
    if not len(targets):
        return np.zeros(0)
    scale = max(math.cos(math.radians(reference.centroid.y)), 1e-9)
    lines = shapely.shortest_line(_scaled(reference, scale), _scaled(targets, scale))
    ends = shapely.get_coordinates(lines).reshape(-1, 4) / (scale, 1, scale, 1)
    return _haversine(np.radians(ends))


def _scaled(geometries: Any, scale: float) -> Any:
    """On the plane that touches the earth where degrees of longitude are ``scale`` as long."""
    return shapely.transform(geometries, lambda xy: xy * (scale, 1.0))


def _haversine(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    ax, ay, bx, by = ends.T
    h = np.sin((by - ay) / 2) ** 2 + np.cos(ay) * np.cos(by) * np.sin((bx - ax) / 2) ** 2
    result: NDArray[np.float64] = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(h, 1)))
    return result
