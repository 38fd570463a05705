"""Distance on the ground, and a place given in a query."""

from __future__ import annotations

from math import asin, cos, isfinite, radians, sin, sqrt
from typing import Final

from schemas.problem import BadRequest, Fault

EARTH_RADIUS: Final = 6_371_008.8
"""Mean radius R1 of the GRS 80 ellipsoid, metres (Moritz 1980)."""

Place = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84 / JGD2011."""


def distance(a: Place, b: Place) -> float:
    """Great-circle distance in metres (haversine formula; Sinnott 1984)."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(h)))


def place(text: str, where: str = "query near") -> Place:
    """``latitude,longitude`` as written in a query.

    Raises:
        BadRequest: it is not two numbers in range.
    """
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not (isfinite(latitude) and isfinite(longitude)):
        raise _not_a_place(text, where)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise _not_a_place(text, where)
    return latitude, longitude


def _not_a_place(text: str, where: str) -> BadRequest:
    fault = Fault(
        where, f"{text[:60]!r} is not a place", "give latitude,longitude: near=36.55,139.88"
    )
    return BadRequest("A place is needed.", faults=[fault])
