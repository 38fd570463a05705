"""Geometry on the ground: GeoJSON (RFC 7946), degrees, WGS 84; distances in metres.

Distances are great-circle ones (haversine, mean radius 6,371,008.8 m, IUGG), right to 0.5 %.
Lines between two points are straight in longitude and latitude, as RFC 7946 §3.1.1 has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

EARTH_RADIUS_METRES: Final = 6_371_008.8
METRES_PER_DEGREE: Final = math.pi * EARTH_RADIUS_METRES / 180

Point = tuple[float, float]
"""Longitude, latitude."""

Box = tuple[float, float, float, float]
"""South, north, west, east."""

_DEPTH: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_MOST_POINTS: Final = 100_000


def is_sound(geometry: Any) -> bool:
    """Whether it is a geometry whose coordinates are numbers in range, nested as its type says."""
    depth = _DEPTH.get(str(geometry.get("type"))) if isinstance(geometry, dict) else None
    if depth is None:
        return False
    budget = [_MOST_POINTS]
    return _is_nest(geometry.get("coordinates"), depth, budget) and budget[0] < _MOST_POINTS


def _is_nest(value: Any, depth: int, budget: list[int]) -> bool:
    if not isinstance(value, list):
        return False
    if depth:
        return bool(value) and all(_is_nest(item, depth - 1, budget) for item in value)
    budget[0] -= 1
    return budget[0] > 0 and 2 <= len(value) <= 4 and _in_range(value[0], 180, value[1], 90)


def _in_range(x: Any, most_x: float, y: Any, most_y: float) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (x, y))
    return numbers and abs(x) <= most_x and abs(y) <= most_y


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
    found = list(points(geometry))
    longitudes = [x for x, _ in found]
    latitudes = [y for _, y in found]
    return min(latitudes), max(latitudes), min(longitudes), max(longitudes)


def around(point: Point, metres: float) -> Box:
    """A box that holds everything within ``metres`` of a point.

    Near a pole, or where the box would cross the antimeridian, it is as wide as the world.
    """
    x, y = point
    height = metres / METRES_PER_DEGREE * 1.001  # more than enough for rounding
    south, north = max(-90.0, y - height), min(90.0, y + height)
    narrowest = math.cos(math.radians(max(abs(south), abs(north))))
    width = height / narrowest if narrowest > 1e-9 else 360.0
    if x - width < -180 or x + width > 180:
        return south, north, -180.0, 180.0
    return south, north, x - width, x + width


def distance(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine)."""
    ax, ay, bx, by = map(math.radians, (*a, *b))
    h = math.sin((by - ay) / 2) ** 2 + math.cos(ay) * math.cos(by) * math.sin((bx - ax) / 2) ** 2
    return 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(h)))


def distance_to(point: Point, geometry: dict[str, Any]) -> float:
    """Metres from a point to the nearest part of a sound geometry; 0 inside of it."""
    if any(_inside(point, polygon) for polygon in _polygons(geometry)):
        return 0.0
    lines = list(_lines(geometry))
    if not lines:
        return min(distance(point, other) for other in points(geometry))
    return min(_to_segment(point, a, b) for line in lines for a, b in _pairs(line))


def is_within(geometry: dict[str, Any], area: dict[str, Any]) -> bool:
    """Whether every point of a geometry lies in the polygon(s) ``area``."""
    polygons = list(_polygons(area))
    return all(any(_inside(p, polygon) for polygon in polygons) for p in points(geometry))


def _polygons(geometry: dict[str, Any]) -> Iterator[list[list[Point]]]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind in ("Polygon", "MultiPolygon"):
        for rings in [coordinates] if kind == "Polygon" else coordinates:
            yield [[(float(p[0]), float(p[1])) for p in ring] for ring in rings]


def _lines(geometry: dict[str, Any]) -> Iterator[list[Point]]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "LineString":
        yield list(_points(coordinates, 1))
    elif kind == "MultiLineString":
        yield from (list(_points(line, 1)) for line in coordinates)
    for rings in _polygons(geometry):
        yield from rings


def _pairs(line: list[Point]) -> Iterator[tuple[Point, Point]]:
    return zip(line, line[1:] or line, strict=False)


def _inside(point: Point, rings: list[list[Point]]) -> bool:
    """Within the outer ring and in no hole."""
    outer, *holes = rings
    return _crosses(point, outer) and not any(_crosses(point, hole) for hole in holes)


def _crosses(point: Point, ring: list[Point]) -> bool:
    """Even-odd rule: a ray to the east crosses the ring an odd number of times."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _pairs(ring):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def _to_segment(point: Point, a: Point, b: Point) -> float:
    """Distance to a segment, on the plane that touches the earth at ``point``."""
    scale = math.cos(math.radians(point[1]))
    ax, ay = (a[0] - point[0]) * scale, a[1] - point[1]
    bx, by = (b[0] - point[0]) * scale, b[1] - point[1]
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = max(0.0, min(1.0, -(ax * (bx - ax) + ay * (by - ay)) / length)) if length else 0.0
    nearest = (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
    return distance(point, nearest)
