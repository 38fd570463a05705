"""Trip updates: what the realtime feed says of a departure.

GTFS Realtime: a run is named by trip id, start date and, for headway trips, start time; what is
said of a stop holds for the stops after it until something else is said.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.transit import gtfs_realtime_pb2 as pb

from connectors.mobility.board import Scheduled
from connectors.mobility.model import Call
from connectors.mobility.realtime import Message, parse_realtime

_TRIP = pb.TripDescriptor
_STOP = pb.TripUpdate.StopTimeUpdate
_HALF_DAY = 12 * 3600


class Expected(NamedTuple):
    """What is expected of a departure: POSIX seconds, seconds late, and in a word."""

    moment: int
    delay: int | None
    status: str


class Added(NamedTuple):
    """A departure of a trip that the timetable does not have."""

    moment: int
    trip: str
    route: str
    start_date: str


@dataclass(frozen=True)
class Updates:
    """A trip-updates feed.

    Attributes:
        added: stop → departures of trips that are not in the timetable, earliest first.
        latest, earliest: seconds by which departures are at most late or early in this feed:
            how far around a moment the timetable must be looked at.
    """

    at: int = 0
    by_trip: dict[str, list[Any]] = field(default_factory=dict)
    added: dict[str, list[Added]] = field(default_factory=dict)
    latest: int = 0
    earliest: int = 0

    def expected(self, departure: Scheduled, calls: tuple[Call, ...]) -> Expected:
        """What is expected of a departure by the timetable; ``calls`` are its trip's."""
        for update in self.by_trip.get(departure.trip.id, ()):
            if self._is_about(update.trip, departure):
                return _expect(update, departure, calls)
        return Expected(departure.moment, None, "scheduled")

    def _is_about(self, trip: Any, departure: Scheduled) -> bool:
        if trip.start_date and trip.start_date != departure.day.strftime("%Y%m%d"):
            return False
        if not trip.start_date and self.at and abs(departure.moment - self.at) > _HALF_DAY:
            return False  # tomorrow's run of the same trip
        if trip.start_time:
            return _seconds(trip.start_time) == departure.run_start
        return not departure.by_headway  # a headway trip has many runs: which one was not told


def parse_trip_updates(raw: bytes) -> Updates:
    """Read a trip-updates feed; see :func:`connectors.mobility.realtime.parse_realtime`."""
    message = parse_realtime(raw, "trip_update")
    by_trip: defaultdict[str, list[Any]] = defaultdict(list)
    added: defaultdict[str, list[Added]] = defaultdict(list)
    for entity in message.entities:
        update = entity.trip_update
        if update.trip.schedule_relationship in (_TRIP.ADDED, _TRIP.NEW):
            _add(update, added)
        else:
            by_trip[update.trip.trip_id].append(update)
    for departures in added.values():
        departures.sort()
    delays = _delays(message)
    return Updates(
        at=int(message.at.timestamp()) if message.at else 0,
        by_trip=dict(by_trip),
        added=dict(added),
        latest=max(0, *delays),
        earliest=max(0, *(-delay for delay in delays)),
    )


def _add(update: Any, added: defaultdict[str, list[Added]]) -> None:
    for stop in update.stop_time_update:
        when = stop.departure.time or stop.arrival.time
        if when and stop.stop_id and stop.schedule_relationship != _STOP.SKIPPED:
            trip = update.trip
            added[stop.stop_id].append(Added(when, trip.trip_id, trip.route_id, trip.start_date))


def _delays(message: Message) -> list[int]:
    """Every delay told, capped to a day; absolute times may shift a departure by up to an hour."""
    found = [0, 0]
    for entity in message.entities:
        found.append(entity.trip_update.delay)
        for stop in entity.trip_update.stop_time_update:
            found += (stop.arrival.delay, stop.departure.delay)
            if stop.arrival.time or stop.departure.time:
                found += (3600, -3600)
    return [max(-86_400, min(86_400, delay)) for delay in found]


def _seconds(text: str) -> int:
    try:
        hours, minutes, seconds = map(int, text.split(":"))
    except ValueError:
        return -1
    return hours * 3600 + minutes * 60 + seconds


def _expect(update: Any, departure: Scheduled, calls: tuple[Call, ...]) -> Expected:
    if update.trip.schedule_relationship in (_TRIP.CANCELED, _TRIP.DELETED):
        return Expected(departure.moment, None, "cancelled")
    stop, call = _said_of(update, departure.call, calls)
    if stop is None or call is None:
        return _late(departure, update.delay if update.HasField("delay") else None)
    if call == departure.call and stop.schedule_relationship == _STOP.SKIPPED:
        return Expected(departure.moment, None, "skipped")
    if stop.schedule_relationship == _STOP.NO_DATA:
        return Expected(departure.moment, None, "scheduled")
    return _late(departure, _delay(stop, call, departure))


def _said_of(update: Any, wanted: Call, calls: tuple[Call, ...]) -> tuple[Any | None, Call | None]:
    """The stop update that holds at a call, and the call it was told for: its own or one before."""
    said: tuple[Any | None, Call | None] = (None, None)
    for stop in update.stop_time_update:
        call = _call_of(stop, calls)
        if call is None or call.sequence > wanted.sequence:
            continue
        if call == wanted or stop.schedule_relationship != _STOP.SKIPPED:
            said = (stop, call)
    return said


def _call_of(stop: Any, calls: tuple[Call, ...]) -> Call | None:
    if stop.HasField("stop_sequence"):
        wanted = stop.stop_sequence
        return next((call for call in calls if call.sequence == wanted), None)
    return next((call for call in calls if call.stop == stop.stop_id), None)


def _delay(stop: Any, call: Call, departure: Scheduled) -> int:
    """Seconds late at ``call``, which lasts until ``departure``."""
    when = stop.departure if stop.HasField("departure") else stop.arrival
    if not when.time:
        return int(when.delay)
    planned = departure.moment + call.departure - departure.call.departure
    if not stop.HasField("departure"):
        planned += call.arrival - call.departure
    return int(when.time) - planned


def _late(departure: Scheduled, delay: int | None) -> Expected:
    if delay is None:
        return Expected(departure.moment, None, "scheduled")
    status = "late" if delay > 0 else "early" if delay < 0 else "on-time"
    return Expected(departure.moment + delay, delay, status)
