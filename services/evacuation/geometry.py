"""Distances and areas on the ground, for places a few tens of kilometres apart.

Coordinates are degrees, WGS 84 / JGD2011; distances are metres. A point is ``(longitude,
latitude)``, as in GeoJSON (RFC 7946 §3.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import asin, cos, degrees, hypot, pi, radians, sin, sqrt
from typing import Final

LonLat = tuple[float, float]

EARTH_RADIUS: Final = 6_371_008.8
"""Mean radius R1 of the GRS 80 ellipsoid, metres (Moritz 1980)."""

_CIRCLE_CORNERS = 32


def haversine(a: LonLat, b: LonLat) -> float:
    """Great-circle distance in metres (haversine formula; Sinnott 1984)."""
    lon_a, lat_a, lon_b, lat_b = map(radians, (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(h)))


@dataclass(frozen=True)
class Patch:
    """One connected piece of an alerted area: a ring of corners, closed or not.

    Holes are not kept: who lives in a hole of a danger area is told as well.
    """

    ring: tuple[LonLat, ...]

    @classmethod
    def circle(cls, centre: LonLat, radius: float) -> Patch:
        """A CAP ``circle`` (CAP 1.2 §3.2.4: centre and radius) as the ring around it."""
        lon, lat = centre
        north = degrees(radius / EARTH_RADIUS)
        east = north / max(0.01, cos(radians(lat)))
        angles = (2 * pi * corner / _CIRCLE_CORNERS for corner in range(_CIRCLE_CORNERS))
        return cls(tuple((lon + east * sin(a), lat + north * cos(a)) for a in angles))

    @cached_property
    def centre(self) -> LonLat:
        """The centroid; of a ring without an area, the mean of its corners."""
        corners = self._corners
        closed = [*corners, corners[0]]
        # relative to the first corner: products of large, nearly equal numbers lose their digits
        lon0, lat0 = corners[0]
        doubled = east = north = 0.0
        for (lon_a, lat_a), (lon_b, lat_b) in pairwise(closed):
            ax, ay, bx, by = lon_a - lon0, lat_a - lat0, lon_b - lon0, lat_b - lat0
            cross = ax * by - bx * ay
            doubled += cross
            east += (ax + bx) * cross
            north += (ay + by) * cross
        if abs(doubled) < 1e-12:
            count = len(corners)
            return sum(c[0] for c in corners) / count, sum(c[1] for c in corners) / count
        return lon0 + east / (3 * doubled), lat0 + north / (3 * doubled)

    @cached_property
    def radius(self) -> float:
        """From the centre to the farthest corner, metres."""
        return max(haversine(self.centre, corner) for corner in self._corners)

    @property
    def _corners(self) -> Sequence[LonLat]:
        closed = len(self.ring) > 1 and self.ring[0] == self.ring[-1]
        return self.ring[:-1] if closed else self.ring

    def contains(self, point: LonLat) -> bool:
        """Whether a point lies inside (even-odd rule: a ray to the east crosses oddly often)."""
        lon, lat = point
        corners = self._corners
        inside = False
        for (lon_a, lat_a), (lon_b, lat_b) in pairwise([*corners, corners[0]]):
            if (lat_a > lat) != (lat_b > lat):
                crossing = lon_a + (lat - lat_a) * (lon_b - lon_a) / (lat_b - lat_a)
                inside ^= lon < crossing
        return inside

    def distance(self, point: LonLat) -> float:
        """Metres from a point to the patch; 0 inside."""
        if self.contains(point):
            return 0.0
        corners = self._corners
        sides = pairwise([*corners, corners[0]])
        return min(_to_side(point, a, b) for a, b in sides)


def _to_side(point: LonLat, a: LonLat, b: LonLat) -> float:
    """Metres to a side, on the plane that touches the earth at the point."""
    scale = radians(1) * EARTH_RADIUS
    east = scale * cos(radians(point[1]))
    ax, ay = (a[0] - point[0]) * east, (a[1] - point[1]) * scale
    bx, by = (b[0] - point[0]) * east, (b[1] - point[1]) * scale
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return hypot(ax + along * dx, ay + along * dy)
