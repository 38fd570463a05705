"""What the map is drawn on: the city's own GeoJSON, and where its routes go. No tiles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx
import orjson

from gateway.control.citymap.things import is_geometry
from schemas.kit.client import CityClient

logger = logging.getLogger(__name__)

SHAPES: Final = "/mobility/v1/shapes"
MOST_BYTES: Final = 4 * 1024 * 1024
KINDS: Final = ("boundary", "water", "park", "rail", "road")
"""Values of the member ``kind`` of a feature's properties."""
_KEPT: Final = 300.0
"""Seconds for which the routes are kept."""


def read_base(path: Path | None) -> list[dict[str, Any]]:
    """The features of the city's GeoJSON (RFC 7946), each with its ``kind``.

    Raises:
        ValueError: the file is not what it should be; says how.
    """
    if path is None:
        return []
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path}: the map's base may have {MOST_BYTES} bytes")
    try:
        document = orjson.loads(path.read_bytes())
        features = document["features"]
        found = [_feature(one["properties"]["kind"], one["geometry"]) for one in features]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: a GeoJSON FeatureCollection is needed, each feature with a geometry and with "
            f"properties.kind, one of {', '.join(KINDS)} ({error!r})"
        ) from error
    for one in found:
        if one["properties"]["kind"] not in KINDS or not is_geometry(one["geometry"]):
            raise ValueError(f"{path}: {str(one['properties'])[:80]} has no such kind or geometry")
    return found


def _feature(kind: str, geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"kind": kind, **properties}, "geometry": geometry}


class Base:
    """Args:
    features: of the city's own file.
    client: by which the routes are asked for.
    """

    def __init__(self, features: list[dict[str, Any]], client: CityClient) -> None:
        self._features, self._client = features, client
        self._routes: list[dict[str, Any]] = []
        self._asked = -_KEPT
        self._asking = asyncio.Lock()

    async def as_json(self) -> bytes:
        """One FeatureCollection with its ``bbox``; without routes where nobody tells them."""
        async with self._asking:
            if monotonic() - self._asked >= _KEPT:
                await self._ask()
        features = [*self._features, *self._routes]
        body = {"type": "FeatureCollection", "features": features}
        box = bounds(features)
        return orjson.dumps({**body, "bbox": box} if box else body)

    async def _ask(self) -> None:
        try:
            told = await self._client.get(SHAPES)
            self._routes = [_route(one) for one in told["features"] if is_geometry(one["geometry"])]
            self._asked = monotonic()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            logger.info("the map has no routes: %r", error)


def _route(feature: dict[str, Any]) -> dict[str, Any]:
    said = feature["properties"]
    color = str(said.get("routeColor") or "")
    good = len(color) == 6 and all(one in "0123456789abcdefABCDEF" for one in color)
    names = said.get("names") or {}
    return _feature(
        "route",
        feature["geometry"],
        route=said["routeId"],
        color=f"#{color}" if good else "",
        name={"ja": names.get("ja") or said["name"], "en": names.get("en") or said["name"]},
    )


def bounds(features: list[dict[str, Any]]) -> list[float]:
    """West, south, east, north of all; empty where there is nothing (RFC 7946 §5)."""
    positions = [p for one in features for p in _leaves(one["geometry"]["coordinates"])]
    if not positions:
        return []
    longitudes, latitudes = zip(*(position[:2] for position in positions), strict=True)
    return [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]


def _leaves(coordinates: Any) -> Iterator[Any]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
    else:
        for part in coordinates:
            yield from _leaves(part)
