"""When trips run: calendar.txt, calendar_dates.txt and frequencies.txt."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Final

from connectors.faults import Faults
from connectors.mobility.model import Calendar, Frequency, Trip
from connectors.mobility.tables import Tables
from connectors.mobility.values import Reader

_WEEK: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_DAY: Final = 24 * 3600


def read_calendar(tables: Tables, faults: Faults) -> Calendar:
    """calendar.txt and calendar_dates.txt: on which days each service runs."""
    read = Reader(faults)
    calendar = Calendar()
    required = ("service_id", *_WEEK, "start_date", "end_date")
    for row in tables.rows("calendar.txt", required):
        service = read.required(row, "service_id")
        days = tuple(bool(read.whole(row, day, 1)) for day in _WEEK)
        first, last = read.date(row, "start_date"), read.date(row, "end_date")
        if service in calendar.weekly:
            faults.add(row.at("service_id"), f"{service!r} is there twice.")
        calendar.weekly[service] = (days, first or date.min, last or date.max)
    for row in tables.rows("calendar_dates.txt", ("service_id", "date", "exception_type")):
        kind, day = row.key("exception_type"), read.date(row, "date")
        if kind not in ("1", "2"):
            faults.add(row.at("exception_type"), "It is 1 (added) or 2 (removed).")
        changes = calendar.added if kind == "1" else calendar.removed
        changes.setdefault(day or date.min, set()).add(read.required(row, "service_id"))
    return calendar


def read_frequencies(
    tables: Tables, faults: Faults, trips: dict[str, Trip]
) -> dict[str, tuple[Frequency, ...]]:
    """frequencies.txt: trip → its headways, in order of their start."""
    read = Reader(faults)
    found: defaultdict[str, list[Frequency]] = defaultdict(list)
    required = ("trip_id", "start_time", "end_time", "headway_secs")
    for row in tables.rows("frequencies.txt", required):
        trip = read.required(row, "trip_id")
        if trip and trip not in trips:
            faults.add(row.at("trip_id"), f"There is no trip {trip!r} in trips.txt.")
        start, end = read.time(row, "start_time"), read.time(row, "end_time")
        headway = read.whole(row, "headway_secs", _DAY)
        exact = bool(read.whole(row, "exact_times", 1, default=0))
        if start is None or end is None or not headway:
            faults.add(
                row.at("headway_secs"), "A headway needs a start, an end and seconds above 0."
            )
            continue
        found[trip].append(Frequency(trip, start, end, headway, exact))
    return {trip: tuple(sorted(each, key=lambda f: f.start)) for trip, each in found.items()}
