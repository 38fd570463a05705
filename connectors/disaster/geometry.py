"""Areas of alerts as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable
from math import asin, atan2, cos, degrees, radians, sin
from typing import Final

from connectors.geo import EARTH_RADIUS
from schemas.disaster import Circle, Geometry
from schemas.ngsild import MultiPolygon, Point, Polygon

CORNERS: Final = 48
"""Of a circle drawn as a polygon: at its widest 0.2 % of the radius inside the true circle."""

Ring = tuple[tuple[float, float], ...]


def drawn(circle: Circle) -> Ring:
    """A circle on the sphere as a closed ring, counter-clockwise (RFC 7946 §3.1.6).

    Each corner is the end of a great-circle way of ``radius`` from the centre.
    """
    lat, lon = radians(circle.centre.latitude), radians(circle.centre.longitude)
    way = circle.radius / EARTH_RADIUS
    ring = []
    for corner in range(CORNERS):
        bearing = -radians(360 * corner / CORNERS)
        north = asin(sin(lat) * cos(way) + cos(lat) * sin(way) * cos(bearing))
        east = atan2(sin(bearing) * sin(way) * cos(lat), cos(way) - sin(lat) * sin(north))
        ring.append((round(_turn(degrees(lon + east)), 6), round(degrees(north), 6)))
    return (*ring, ring[0])


def _turn(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


def geometry_of(rings: Iterable[Ring], circles: Iterable[Circle]) -> Geometry | None:
    """One geometry for polygons and circles; circles without a radius are points."""
    points = [circle for circle in circles if circle.radius == 0]
    areas = [*rings, *(drawn(circle) for circle in circles if circle.radius > 0)]
    if len(areas) == 1:
        return Polygon(coordinates=(areas[0],))
    if areas:
        return MultiPolygon(coordinates=tuple((ring,) for ring in areas))
    return points[0].centre if points else None


def together(geometries: Iterable[Geometry | None]) -> Geometry | None:
    """The union of areas as one geometry, without repeating one; points only if nothing else."""
    polygons: dict[tuple[Ring, ...], None] = {}
    points: list[Point] = []
    for each in geometries:
        if isinstance(each, Polygon):
            polygons[each.coordinates] = None
        elif isinstance(each, MultiPolygon):
            polygons.update(dict.fromkeys(each.coordinates))
        elif each is not None:
            points.append(each)
    if len(polygons) == 1:
        return Polygon(coordinates=next(iter(polygons)))
    if polygons:
        return MultiPolygon(coordinates=tuple(polygons))
    return points[0] if points else None
