"""Routes as lines that a map can draw: GeoJSON (RFC 7946)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from connectors.mobility.city import City
from connectors.page import plain
from schemas.mobility import GtfsRoute
from schemas.ngsild import Value

MEDIA_TYPE = "application/geo+json"


class RouteProperties(Value):
    """Attributes:
    route_color: six hexadecimal digits, without ``#``; absent where the feed has none.
    """

    route_id: str
    name: str
    names: dict[str, str] | None = None
    short_name: str | None = None
    route_type: int
    route_color: str | None = None


class Lines(BaseModel):
    """Each position is longitude, latitude."""

    type: Literal["MultiLineString"]
    coordinates: list[list[tuple[float, float]]]


class RouteFeature(BaseModel):
    type: Literal["Feature"]
    id: str
    geometry: Lines
    properties: RouteProperties


class RouteShapes(BaseModel):
    type: Literal["FeatureCollection"]
    features: list[RouteFeature]


def route_shapes(city: City) -> dict[str, Any]:
    """All routes that go anywhere, as a FeatureCollection."""
    lines = city.timetable.lines
    features = [
        _feature(route, lines[route.route_id])
        for route in city.routes.values()
        if lines.get(route.route_id)
    ]
    return {"type": "FeatureCollection", "features": features}


def _feature(route: GtfsRoute, lines: Any) -> dict[str, Any]:
    properties = RouteProperties(
        route_id=route.route_id,
        name=route.name,
        names=route.names,
        short_name=route.short_name,
        route_type=route.route_type,
        route_color=route.route_color,
    )
    return {
        "type": "Feature",
        "id": route.id,
        "geometry": {"type": "MultiLineString", "coordinates": lines},
        "properties": plain(properties),
    }
