"""shapes.txt: where the vehicles of a route go, as lines that can be drawn.

A route has a line for each of the two shapes that most of its trips follow, there and back; one
without shapes goes straight from stop to stop.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Final

from connectors.faults import Faults
from connectors.mobility.model import Call, Line, Stop, Trip
from connectors.mobility.tables import Tables
from connectors.mobility.values import Reader

_FILE: Final = "shapes.txt"
_REQUIRED: Final = ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence")
_MOST_SEQUENCE: Final = 10**9
_EACH: Final = 2
MOST_POSITIONS: Final = 500
"""Of a line; more can be seen on no map of a city."""


def read_lines(
    tables: Tables,
    faults: Faults,
    trips: dict[str, Trip],
    calls: dict[str, tuple[Call, ...]],
    stops: dict[str, Stop],
) -> dict[str, tuple[Line, ...]]:
    """Route → its lines."""
    followed: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for trip in trips.values():
        followed[trip.route][trip.shape] += 1
    chosen = {
        route: [shape for shape, _ in shapes.most_common() if shape][:_EACH]
        for route, shapes in followed.items()
    }
    shapes = _shapes(tables, faults, {shape for some in chosen.values() for shape in some})
    straight = _straight(trips, calls, stops)
    found = {
        route: _lines(shapes[s] for s in some if s in shapes) for route, some in chosen.items()
    }
    return {route: lines or _lines([straight.get(route, [])]) for route, lines in found.items()}


def _shapes(
    tables: Tables, faults: Faults, wanted: set[str]
) -> dict[str, list[tuple[float, float]]]:
    read = Reader(faults)
    told: defaultdict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for row in tables.rows(_FILE, _REQUIRED) if wanted else ():
        if (shape := row.key("shape_id")) in wanted:
            sequence = read.whole(row, "shape_pt_sequence", _MOST_SEQUENCE) or 0
            longitude = read.degrees(row, "shape_pt_lon", 180) or 0.0
            told[shape].append((sequence, longitude, read.degrees(row, "shape_pt_lat", 90) or 0.0))
    return {shape: [(lon, lat) for _, lon, lat in sorted(rows)] for shape, rows in told.items()}


def _straight(
    trips: dict[str, Trip], calls: dict[str, tuple[Call, ...]], stops: dict[str, Stop]
) -> dict[str, list[tuple[float, float]]]:
    """Route → the stops of its trip with most calls."""
    longest: dict[str, tuple[Call, ...]] = {}
    for trip in trips.values():
        if len(calls.get(trip.id, ())) > len(longest.get(trip.route, ())):
            longest[trip.route] = calls[trip.id]
    return {
        route: [
            (stop.longitude, stop.latitude)
            for stop in (stops[call.stop] for call in way)
            if stop.longitude is not None and stop.latitude is not None
        ]
        for route, way in longest.items()
    }


def _lines(ways: Any) -> tuple[Line, ...]:
    return tuple(_thin(way) for way in ways if len(way) > 1)


def _thin(way: list[tuple[float, float]]) -> Line:
    """Evenly fewer positions; the ends stay."""
    if len(way) <= MOST_POSITIONS:
        return tuple(way)
    step = (len(way) - 1) / (MOST_POSITIONS - 1)
    return tuple(way[round(step * place)] for place in range(MOST_POSITIONS))
