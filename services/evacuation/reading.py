"""The alert in an event of the disaster domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from schemas.disaster import AlertChanged, Geometry
from schemas.ngsild import Point, Polygon
from services.evacuation.alert import Alert
from services.evacuation.geometry import Patch
from services.evacuation.hazards import hazard_of

_AROUND_A_POINT: Final = 1_000.0
"""Metres: an area told as a mere point (CAP circle of radius 0) is its surroundings."""


class Unreadable(ValueError):
    """The event's data cannot be understood, however often it comes."""


def read_alert(data: dict[str, Any]) -> Alert:
    """The alert in an event's ``data``.

    Raises:
        Unreadable: it is not an *actual* alert of the registered schema. An exercise (訓練) that
            came here by mistake is refused with this.
    """
    try:
        told = AlertChanged.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"{'/'.join(map(str, first['loc']))}: {first['msg']}") from None
    return Alert(
        id=told.id,
        event=told.event,
        over=told.state != "active",
        hazard=hazard_of(told.event, told.headline or "", told.description or ""),
        severity=told.severity,
        urgency=told.urgency,
        headline=told.headline or told.event,
        area_names=tuple(area.name for area in told.areas),
        codes=frozenset(code.value for area in told.areas for code in area.codes),
        patches=tuple(
            patch
            for area in told.areas
            if area.geometry is not None
            for patch in _patches(area.geometry)
        ),
        expires=told.expires,
    )


def _patches(geometry: Geometry) -> Iterator[Patch]:
    if isinstance(geometry, Point):
        yield Patch.circle(geometry.coordinates, _AROUND_A_POINT)
        return
    polygons = [geometry.coordinates] if isinstance(geometry, Polygon) else geometry.coordinates
    for outer, *_holes in polygons:
        yield Patch(outer)
