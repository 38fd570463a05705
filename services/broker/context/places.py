"""Where entities are: one row for each instance of each of their GeoProperties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.broker.context.geometry import as_wkb, bounds, is_sound
from services.broker.context.geoquery import SEPARATOR
from services.broker.context.kinds import Attributes, Instance

PlaceRow = tuple[str, float, float, float, float, bytes]
"""Attribute, south, north, west, east, well-known binary."""


def places_of(attributes: Attributes) -> list[PlaceRow]:
    """The places that attributes say, those of their sub-attributes among them."""
    return [
        (path, *bounds(value), as_wkb(value)) for path, value in _geometries(attributes.items(), "")
    ]


def geometries(attributes: Attributes, attribute: str) -> list[Any]:
    """The GeoJSON values of one attribute, named as a geo-query names it."""
    return [value for path, value in _geometries(attributes.items(), "") if path == attribute]


def _geometries(members: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, instances in members:
        if isinstance(instances, list) and instances and isinstance(instances[0], dict):
            for instance in instances:
                yield from _of_instance(instance, prefix + name)


def _of_instance(instance: Instance, path: str) -> Iterator[tuple[str, Any]]:
    if instance.get("type") == "GeoProperty" and is_sound(instance.get("value")):
        yield path, instance["value"]
    if len(instance) > 4:  # type, value and the two times: nothing below
        below = [(n, v) for n, v in instance.items() if n != "value" and isinstance(v, list)]
        yield from _geometries(below, path + SEPARATOR)
