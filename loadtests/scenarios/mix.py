"""The questions of a steady day: how often each is asked, and of which things."""

from __future__ import annotations

import random
import time
import urllib.error
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtests.scenarios.app import City

_PATIENCE_SECONDS: Final = 60
"""A city that was just started has its vehicles and shipments within a minute."""


@dataclass(frozen=True)
class Read:
    """One kind of GET.

    Attributes:
        path: with ``{id}``, ``{lat}`` and ``{lon}`` to be filled in.
        weight: how often, against the others.
        ids: the list whose items' ids fill ``{id}``.
        id_member: the items' member that is the id in paths.
    """

    path: str
    weight: int
    ids: str = ""
    id_member: str = "id"


_WITHIN_A_KILOMETRE: Final = (
    "georel=near;maxDistance==1000&geometry=Point&coordinates=[{lon},{lat}]"
)
"""ETSI GS CIM 009 §4.10."""

STEADY_DAY: Final = (
    Read("/mobility/v1/stops", 4),
    Read("/mobility/v1/stops/{id}/departures", 24, ids="/mobility/v1/stops"),
    Read("/mobility/v1/vehicles", 16),
    Read("/disaster/v1/shelters/nearest?lat={lat}&lon={lon}", 8),
    Read("/disaster/v1/alerts", 8),
    Read("/medical/v1/hospitals", 6),
    Read("/administration/v1/facilities", 6),
    Read("/logistics/v1/shipments/{id}/track", 6, ids="/logistics/v1/shipments", id_member="epc"),
    Read("/education/v1/schools", 4),
    Read("/ngsi-ld/v1/entities?type=Vehicle&limit=50", 8),
    Read(f"/ngsi-ld/v1/entities?type=GtfsStop&{_WITHIN_A_KILOMETRE}", 4),
)

CENTRE: Final = (36.55, 139.88)
"""Latitude and longitude of the sample city, degrees."""


class Things:
    """Ids of what there is to ask about, found by listing."""

    def __init__(self, city: City, reads: Sequence[Read]) -> None:
        """List everything that ``reads`` need; waits while the city is still starting.

        Raises:
            SystemExit: a list is refused, or stays empty.
        """
        wanted = {(read.ids, read.id_member) for read in reads if read.ids}
        self._ids = {path: _ids(patiently(city, path), member, path) for path, member in wanted}

    def url(self, read: Read) -> str:
        """A path for one request, about a thing or a place chosen at random."""
        lat, lon = (round(centre + random.uniform(-0.03, 0.03), 5) for centre in CENTRE)
        thing = random.choice(self._ids[read.ids]) if read.ids else ""
        return read.path.format(lat=lat, lon=lon, id=urllib.parse.quote(thing, safe=""))


def patiently(city: City, path: str) -> list[dict[str, Any]]:
    """The list at ``path``, once it is there and not empty."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            items, trouble = city.items(path), "is empty"
        except urllib.error.HTTPError as error:
            items, trouble = [], f"answers {error.code}: {error.read(500).decode(errors='replace')}"
        if items:
            return items
        if time.monotonic() > deadline:
            raise SystemExit(f"GET {path} {trouble}")
        time.sleep(0.5)


def _ids(items: list[dict[str, Any]], member: str, path: str) -> list[str]:
    named = [str(item.get(member, "")) for item in items]
    if not all(named):
        raise SystemExit(f"GET {path}: items without {member!r}: {items[0]}")
    return named
