"""A timetable as GTFS tells it, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

Line = tuple[tuple[float, float], ...]
"""Positions along a way, each (longitude, latitude)."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A row of stops.txt; see :class:`schemas.mobility.GtfsStop`."""

    id: str
    name: str
    latitude: float | None
    longitude: float | None
    code: str = ""
    description: str = ""
    location_type: int = 0
    parent: str = ""
    platform: str = ""
    wheelchair: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A row of routes.txt; see :class:`schemas.mobility.GtfsRoute`."""

    id: str
    short_name: str
    long_name: str
    type: int
    description: str = ""
    color: str = ""
    text_color: str = ""
    operator: str = ""

    @property
    def name(self) -> str:
        return self.long_name or self.short_name


@dataclass(frozen=True, slots=True)
class Trip:
    """A row of trips.txt."""

    id: str
    route: str
    service: str
    headsign: str = ""
    shape: str = ""


class Call(NamedTuple):
    """A trip's call at a stop; times in seconds of the service day."""

    sequence: int
    stop: str
    arrival: int
    departure: int
    headsign: str
    boarding: bool


@dataclass(frozen=True, slots=True)
class Frequency:
    """A row of frequencies.txt: a departure each ``headway`` seconds, from ``start`` to ``end``."""

    trip: str
    start: int
    end: int
    headway: int
    exact: bool


@dataclass(frozen=True)
class Calendar:
    """On which days a service runs.

    Attributes:
        weekly: service → (weekdays Monday first, first day, last day).
        added, removed: calendar_dates.txt: (service, day).
    """

    weekly: dict[str, tuple[tuple[bool, ...], date, date]] = field(default_factory=dict)
    added: dict[date, set[str]] = field(default_factory=dict)
    removed: dict[date, set[str]] = field(default_factory=dict)

    def services(self) -> set[str]:
        return set(self.weekly).union(*self.added.values(), *self.removed.values())

    def running(self, day: date) -> frozenset[str]:
        """The services that run on a day."""
        weekly = {
            service
            for service, (days, first, last) in self.weekly.items()
            if days[day.weekday()] and first <= day <= last
        }
        return frozenset((weekly | self.added.get(day, set())) - self.removed.get(day, set()))


@dataclass(frozen=True)
class Timetable:
    """A GTFS feed.

    Attributes:
        calls: trip → its calls in order.
        frequencies: trip → its headways; the trip's own times are then only a pattern.
        translations: (``stops`` or ``routes``, id) → language → name.
        lines: route → where its vehicles go, as lines of (longitude, latitude).
    """

    zone: ZoneInfo
    stops: dict[str, Stop]
    routes: dict[str, Route]
    trips: dict[str, Trip]
    calls: dict[str, tuple[Call, ...]]
    calendar: Calendar
    frequencies: dict[str, tuple[Frequency, ...]]
    translations: dict[tuple[str, str], dict[str, str]]
    lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
