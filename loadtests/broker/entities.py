"""The entities of the load: vehicles with nine attributes, spread over 20 km by 20 km."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

WEST, SOUTH = 139.78, 36.46
WIDTH, HEIGHT = 0.22, 0.18  # degrees; about 20 km each
COUNTED = "Vehicle"
RARE = "Ambulance"
"""One entity in a hundred is of this type too."""


def entity(number: int) -> dict[str, Any]:
    """Vehicle ``number``; the same whenever it is asked for."""
    # a lattice that visits every part of the city early
    x, y = (number * 0.7548776662466927) % 1, (number * 0.5698402909980532) % 1
    return {
        "id": id_of(number),
        "type": [COUNTED, RARE] if number % 100 == 0 else COUNTED,
        "name": {"type": "Property", "value": f"Bus {number}"},
        "speed": {
            "type": "Property",
            "value": number % 97,
            "unitCode": "KMH",
            "observedAt": "2026-04-01T00:00:00Z",
        },
        "heading": {"type": "Property", "value": number % 360},
        "occupancy": {"type": "Property", "value": number % 10 / 10},
        "full": {"type": "Property", "value": number % 10 == 9},
        "serviceStatus": {"type": "Property", "value": ["inRoute", "onTime"]},
        "line": {"type": "Relationship", "object": f"urn:ngsi-ld:Line:{number % 50}"},
        "nextStop": {"type": "Relationship", "object": f"urn:ngsi-ld:Stop:{number % 5000}"},
        "location": {
            "type": "GeoProperty",
            "value": {
                "type": "Point",
                "coordinates": [round(WEST + x * WIDTH, 6), round(SOUTH + y * HEIGHT, 6)],
            },
        },
    }


def id_of(number: int) -> str:
    return f"urn:ngsi-ld:{COUNTED}:{number:08}"


def batches(count: int, size: int) -> Iterator[bytes]:
    """All of them, as the bodies of batch operations."""
    for start in range(0, count, size):
        yield orjson.dumps([entity(n) for n in range(start, min(count, start + size))])
