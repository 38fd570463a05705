"""The departure board: what leaves a stop from a moment on, by the timetable.

An index per stop, sorted by time of the service day; a question is a binary search and a walk over
as many departures as are asked for, however long the timetable is. A service day begins at "noon
minus 12 h" of the agency's zone (GTFS Time), so days of 23 or 25 hours and times past 24:00 are
right.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from typing import NamedTuple

from connectors.mobility.model import Call, Frequency, Timetable, Trip

_DAYS_AHEAD = 8
"""How far to look for the next departure: past a weekly service's whole round."""


class Scheduled(NamedTuple):
    """A departure by the timetable.

    Attributes:
        moment: POSIX seconds.
        run_start: seconds of the service day at which the trip begins; with ``trip`` and ``day``
            it says which run of a headway trip this is (GTFS-Realtime ``start_time``).
    """

    moment: int
    trip: Trip
    call: Call
    day: date
    run_start: int
    by_headway: bool = False
    exact: bool = True


class _Pattern(NamedTuple):
    """A call of a trip that runs by headway: ``offset`` seconds after the trip begins."""

    offset: int
    frequency: Frequency
    trip: Trip
    call: Call


class Board:
    """Departures of a timetable, by stop."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable
        self._fixed: dict[str, list[tuple[int, Trip, Call]]] = {}
        self._patterns: dict[str, list[_Pattern]] = {}
        self._running = lru_cache(maxsize=32)(timetable.calendar.running)
        self._days_back = 1
        self.routes_at: dict[str, set[str]] = defaultdict(set)
        """Stop → routes that call there."""
        self._index()

    def _index(self) -> None:
        fixed: defaultdict[str, list[tuple[int, Trip, Call]]] = defaultdict(list)
        patterns: defaultdict[str, list[_Pattern]] = defaultdict(list)
        latest = 0
        for trip_id, calls in self._timetable.calls.items():
            trip = self._timetable.trips[trip_id]
            runs = self._timetable.frequencies.get(trip_id, ())
            for call in calls:
                self.routes_at[call.stop].add(trip.route)
                offset = call.departure - calls[0].departure if calls else 0
                latest = max(latest, call.departure, *(run.end + offset for run in runs))
                if not call.boarding:
                    continue
                if runs:
                    patterns[call.stop] += (_Pattern(offset, run, trip, call) for run in runs)
                else:
                    fixed[call.stop].append((call.departure, trip, call))
        for departures in fixed.values():
            departures.sort(key=lambda each: each[0])
        self._fixed, self._patterns = dict(fixed), dict(patterns)
        self._days_back = 1 + latest // 86_400

    def departures(self, stop: str, since: datetime) -> Iterator[Scheduled]:
        """Departures from ``since`` on, earliest first; stops looking after eight days."""
        moment = int(since.timestamp())
        today = since.astimezone(self._timetable.zone).date()
        days = (today + timedelta(days=ahead) for ahead in range(-self._days_back, _DAYS_AHEAD + 1))
        runs = (self._of_day(stop, day, moment) for day in days)
        return merge(*runs, key=lambda each: each.moment)

    def day_start(self, day: date) -> int:
        """POSIX seconds of 00:00:00 of a service day: noon minus twelve hours."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self._timetable.zone)
        return int(noon.timestamp()) - 12 * 3600

    def _of_day(self, stop: str, day: date, moment: int) -> Iterator[Scheduled]:
        services = self._running(day)
        if not services:
            return
        start = self.day_start(day)
        yield from merge(
            self._fixed_of_day(stop, day, start, moment, services),
            *(
                _headways(pattern, day, start, moment)
                for pattern in self._patterns.get(stop, ())
                if pattern.trip.service in services
            ),
            key=lambda each: each.moment,
        )

    def _fixed_of_day(
        self, stop: str, day: date, start: int, moment: int, services: frozenset[str]
    ) -> Iterator[Scheduled]:
        departures = self._fixed.get(stop, [])
        first = bisect_left(departures, moment - start, key=lambda each: each[0])
        for i in range(first, len(departures)):
            seconds, trip, call = departures[i]
            if trip.service in services:
                begins = self._timetable.calls[trip.id][0].departure
                yield Scheduled(start + seconds, trip, call, day, begins)


def _headways(pattern: _Pattern, day: date, start: int, moment: int) -> Iterator[Scheduled]:
    run = pattern.frequency
    late = moment - start - pattern.offset - run.start
    first = max(0, -(-late // run.headway))  # the first run that has not yet left here
    for begins in range(run.start + first * run.headway, run.end, run.headway):
        yield Scheduled(
            start + begins + pattern.offset,
            pattern.trip,
            pattern.call,
            day,
            begins,
            by_headway=True,
            exact=run.exact,
        )
