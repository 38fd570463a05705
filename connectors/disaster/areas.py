"""The areas of CAP infos (CAP 1.2 §3.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Final

from connectors.disaster.document import Node
from connectors.disaster.geometry import CORNERS, Ring, geometry_of
from schemas.disaster import Area, Circle, Code
from schemas.ngsild import Point

MOST_AREAS: Final = 2_000
MOST_CORNERS: Final = 10_000
"""Of all polygons and drawn circles together."""
_HALF_AROUND: Final = 20_038.0  # km: a circle can reach no further


def areas_of(infos: list[Node], language: Callable[[Node], str]) -> tuple[Area, ...]:
    """Each area once, however many languages it is told in; ``names`` has them all."""
    found: dict[object, Area] = {}
    corners = 0
    for info in infos:
        for node in info.all("area"):
            area = _area(node)
            corners += _corners(node)
            if len(found) > MOST_AREAS or corners > MOST_CORNERS:
                node.faults.stop(
                    node.where, f"More than {MOST_AREAS} areas or {MOST_CORNERS} corners."
                )
            same = (area.geometry, area.circles, area.codes)
            key = same if area.geometry or area.codes else area.name
            known = found.get(key, area)
            names = {**(known.names or {}), language(info): area.name}
            found[key] = known.model_copy(update={"names": names})
    return tuple(found.values())


def _corners(node: Node) -> int:
    told = sum(len(polygon.text.split()) for polygon in node.all("polygon"))
    return told + CORNERS * len(node.all("circle"))


def _area(node: Node) -> Area:
    rings = [ring for each in node.all("polygon") if (ring := _ring(each))]
    circles = tuple(circle for each in node.all("circle") if (circle := _circle(each)))
    return Area(
        name=node.required("areaDesc"),
        codes=tuple(
            Code(scheme=code.value("valueName"), value=code.value("value"))
            for code in node.all("geocode")
        ),
        geometry=geometry_of(rings, circles),
        circles=circles,
    )


def _place(text: str) -> tuple[float, float] | None:
    """``lat,lon`` as ``(lon, lat)``."""
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        return None
    inside = abs(latitude) <= 90 and abs(longitude) <= 180
    return (longitude, latitude) if inside and isfinite(latitude + longitude) else None


def _ring(node: Node) -> Ring | None:
    """A polygon: at least four places, the last one the first again."""
    if not node.text:
        return None
    places = [_place(pair) for pair in node.text.split()]
    ring = tuple(place for place in places if place)
    if len(ring) < len(places):
        wrong = next(pair for pair in node.text.split() if not _place(pair))
        node.faults.add(node.where, f"{wrong[:40]!r} is not latitude,longitude.")
    elif len(ring) < 4 or ring[0] != ring[-1]:
        node.faults.add(
            node.where, "A polygon has at least four places, the last one equal to the first."
        )
    else:
        return ring
    return None


def _circle(node: Node) -> Circle | None:
    """``lat,lon radius``, the radius in kilometres."""
    if not node.text:
        return None
    place_text, _, radius_text = node.text.partition(" ")
    place = _place(place_text)
    try:
        radius = float(radius_text)
    except ValueError:
        radius = -1.0
    if place is None or not 0 <= radius <= _HALF_AROUND:
        node.faults.add(
            node.where, f"{node.text[:40]!r} is not latitude,longitude and a radius in kilometres."
        )
        return None
    return Circle(centre=Point(coordinates=place), radius=radius * 1000)
