"""The map's parts, put together once (:mod:`gateway.control.app`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.control.citymap.base import Base, read_base
from gateway.control.citymap.city import CityMap
from gateway.control.citymap.follow import Follower
from schemas.kit.client import CityClient


@dataclass(frozen=True, slots=True)
class MapParts:
    """What is where, who follows it, and what it is drawn on."""

    city: CityMap
    follower: Follower
    base: Base


def map_parts(gateway_url: str, client: CityClient, file: Path | None) -> MapParts:
    """Raises:
    ValueError: the file is not what it should be.
    """
    city = CityMap()
    return MapParts(city, Follower(city, gateway_url, client), Base(read_base(file), client))
