"""stop_times.txt: the calls of each trip, in order, every one with a time."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any, NamedTuple

from connectors.faults import Faults
from connectors.mobility.model import Call, Stop, Trip
from connectors.mobility.tables import Row, Tables
from connectors.mobility.values import Reader

_FILE = "stop_times.txt"
_NO_PICKUP = "1"
_MOST_SEQUENCE = 10**9


class _Told(NamedTuple):
    """A row as it is told: times may be absent between timepoints."""

    sequence: int
    line: int
    stop: str
    arrival: int | None
    departure: int | None
    headsign: str
    boarding: bool


def read_calls(
    tables: Tables, faults: Faults, trips: dict[str, Trip], stops: dict[str, Stop]
) -> dict[str, tuple[Call, ...]]:
    """Trip → its calls.

    Times that are not told (GTFS: between timepoints) lie evenly between those that are.
    """
    told: defaultdict[str, list[_Told]] = defaultdict(list)
    read = Reader(faults)
    for row in tables.rows(_FILE, ("trip_id", "stop_id", "stop_sequence")):
        trip = read.required(row, "trip_id")
        if trip and trip not in trips:
            faults.add(row.at("trip_id"), f"There is no trip {trip!r} in trips.txt.")
        if _is_flexible(row):
            continue  # a ride on request within an area: it has no departure at a stop
        told[trip].append(_told(row, read, faults, stops))
    faults.check()  # what follows takes every time and sequence for good
    return {trip: _in_order(rows, faults) for trip, rows in told.items()}


def _is_flexible(row: Row) -> bool:
    return not row.key("stop_id") and bool(row.key("location_group_id") or row.key("location_id"))


def _told(row: Row, read: Reader, faults: Faults, stops: dict[str, Stop]) -> _Told:
    stop = read.required(row, "stop_id")
    if stop and stop not in stops:
        faults.add(row.at("stop_id"), f"There is no stop {stop!r} in stops.txt.")
    arrival, departure = read.time(row, "arrival_time"), read.time(row, "departure_time")
    return _Told(
        read.whole(row, "stop_sequence", _MOST_SEQUENCE) or 0,
        row.line,
        stop,
        departure if arrival is None else arrival,
        arrival if departure is None else departure,
        row.text("stop_headsign"),
        row.key("pickup_type") != _NO_PICKUP,
    )


def _in_order(rows: list[_Told], faults: Faults) -> tuple[Call, ...]:
    rows.sort()
    for one, other in pairwise(rows):
        if one.sequence == other.sequence:
            where = f"{_FILE}:{other.line} stop_sequence"
            faults.add(where, f"The trip has {other.sequence} twice.", "number its stops anew")
    for end in (rows[0], rows[-1]):
        if end.arrival is None:
            where = f"{_FILE}:{end.line} arrival_time"
            faults.add(where, "A trip's first and last stop need a time.")
            return ()
    calls = _timed(rows)
    for row, (before, after) in zip(rows[1:], pairwise(calls), strict=True):
        if after.arrival < before.departure or after.departure < after.arrival:
            where = f"{_FILE}:{row.line} arrival_time"
            faults.add(where, "The trip goes back in time here.", "times rise with stop_sequence")
    # the last stop is where everybody leaves: nothing departs from it
    return (*calls[:-1], calls[-1]._replace(boarding=False))


def _timed(rows: list[_Told]) -> list[Call]:
    """Fill in what is not told: between two told times, evenly by number of stops."""
    known = [i for i, row in enumerate(rows) if row.arrival is not None]
    times: list[Any] = [(row.arrival, row.departure) for row in rows]
    for left, right in pairwise(known):
        start, end = times[left][1], times[right][0]
        for i in range(left + 1, right):
            moment = start + (end - start) * (i - left) // (right - left)
            times[i] = (moment, moment)
    return [
        Call(row.sequence, row.stop, arrival, departure, row.headsign, row.boarding)
        for row, (arrival, departure) in zip(rows, times, strict=True)
    ]
