"""The sample city's GTFS Realtime messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from math import atan2, cos, degrees, radians
from typing import Any, NamedTuple
from zlib import crc32

from google.transit import gtfs_realtime_pb2 as pb

from connectors.geo import distance
from connectors.mobility.board import Board
from connectors.mobility.gtfs import parse_gtfs
from connectors.mobility.model import Call, Timetable, Trip
from connectors.mobility.sample.timetable import gtfs

_TICK = 2  # seconds between two positions
_ONE_CANCELLED_IN = 60
_SOON = 1800  # seconds ahead that trip updates speak of


class _Run(NamedTuple):
    """A trip on a day, ``delay`` seconds late; ``start`` is its day's 00:00:00 in POSIX seconds,
    as are ``begins`` and ``ends``."""

    trip: Trip
    calls: tuple[Call, ...]
    day: date
    start: int
    delay: int
    cancelled: bool
    begins: int
    ends: int


@lru_cache(maxsize=2)
def _sample(raw: bytes) -> tuple[Timetable, Board]:
    timetable = parse_gtfs(raw)
    return timetable, Board(timetable)


def _runs(moment: datetime) -> Iterator[_Run]:
    """The runs of the service days around a moment."""
    raw = gtfs(moment)
    today = moment.astimezone(_sample(raw)[0].zone).date()
    for day in (today - timedelta(days=1), today):
        yield from _of_day(raw, day)


@lru_cache(maxsize=4)
def _of_day(raw: bytes, day: date) -> tuple[_Run, ...]:
    timetable, board = _sample(raw)
    services, start = timetable.calendar.running(day), board.day_start(day)
    runs = []
    for trip in timetable.trips.values():
        if trip.service in services:
            luck = crc32(f"{trip.id} {day}".encode())
            delay = max(0, luck % 300 - 60)
            cancelled = luck // 300 % _ONE_CANCELLED_IN == 0
            calls = timetable.calls[trip.id]
            begins, ends = (start + delay + t for t in (calls[0].arrival, calls[-1].departure))
            runs.append(_Run(trip, calls, day, start, delay, cancelled, begins, ends))
    return tuple(runs)


def _message(now: int) -> Any:
    message = pb.FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.incrementality = pb.FeedHeader.FULL_DATASET
    message.header.timestamp = now
    return message


def _name_trip(descriptor: Any, run: _Run) -> None:
    descriptor.trip_id, descriptor.route_id = run.trip.id, run.trip.route
    descriptor.start_date = run.day.strftime("%Y%m%d")


def vehicle_positions(moment: datetime) -> bytes:
    """Where each bus is, to the tick before ``moment``."""
    now = int(moment.timestamp()) // _TICK * _TICK
    timetable, _ = _sample(gtfs(moment))
    message = _message(now)
    for run in _runs(moment):
        if run.begins <= now < run.ends and not run.cancelled:
            _place(message.entity.add(), run, now, timetable)
    return bytes(message.SerializeToString())


def _place(entity: Any, run: _Run, now: int, timetable: Timetable) -> None:
    line, direction, _, clock = run.trip.id.split("-")
    entity.id = f"bus-{line}-{direction}-{clock}"
    said = entity.vehicle
    said.vehicle.id, said.vehicle.label = entity.id, f"{line}系統 {clock[:2]}:{clock[2:]}発"
    said.timestamp = now
    _name_trip(said.trip, run)
    seconds = now - run.start - run.delay
    left, following = next(
        pair
        for pair in pairwise(run.calls)
        if seconds < pair[1].arrival or pair[1] is run.calls[-1]
    )
    a, b = timetable.stops[left.stop], timetable.stops[following.stop]
    from_, to = (a.latitude or 0.0, a.longitude or 0.0), (b.latitude or 0.0, b.longitude or 0.0)
    travel = following.arrival - left.departure
    done = min(1.0, max(0.0, (seconds - left.departure) / travel))
    moving = 0 < done < 1
    said.position.latitude = from_[0] + (to[0] - from_[0]) * done
    said.position.longitude = from_[1] + (to[1] - from_[1]) * done
    said.position.bearing = round(_bearing(from_, to), 1)
    said.position.speed = round(distance(from_, to) / travel, 1) if moving else 0.0
    said.stop_id = following.stop if done > 0 else left.stop
    status = pb.VehiclePosition.VehicleStopStatus
    said.current_status = status.IN_TRANSIT_TO if moving else status.STOPPED_AT
    said.occupancy_status = crc32(run.trip.id.encode()) % 4


def _bearing(from_: tuple[float, float], to: tuple[float, float]) -> float:
    north = to[0] - from_[0]
    east = (to[1] - from_[1]) * cos(radians(from_[0]))
    return degrees(atan2(east, north)) % 360


def trip_updates(moment: datetime) -> bytes:
    """How late each bus is that runs now or soon, to the ten seconds before ``moment``."""
    now = int(moment.timestamp()) // 10 * 10
    message = _message(now)
    for run in _runs(moment):
        if run.begins - _SOON <= now < run.ends:
            entity = message.entity.add()
            entity.id = f"{run.trip.id}-{run.day:%Y%m%d}"
            _name_trip(entity.trip_update.trip, run)
            if run.cancelled:
                entity.trip_update.trip.schedule_relationship = pb.TripDescriptor.CANCELED
                continue
            stop = entity.trip_update.stop_time_update.add()
            stop.stop_sequence = run.calls[0].sequence
            stop.departure.delay = run.delay
    return bytes(message.SerializeToString())


def service_alerts(moment: datetime) -> bytes:
    """One alert: the stop 南公園 is being rebuilt, all this month."""
    local = moment.astimezone(_sample(gtfs(moment))[0].zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    message = _message(int(first.timestamp()))
    entity = message.entity.add()
    entity.id = f"S08-{first:%Y%m}"
    alert = entity.alert
    period = alert.active_period.add()
    period.start, period.end = int(first.timestamp()), int(following.timestamp()) - 1
    informed = alert.informed_entity.add()
    informed.stop_id, informed.route_id = "S08", "R1"
    alert.cause, alert.effect = pb.Alert.CONSTRUCTION, pb.Alert.STOP_MOVED
    _say(alert.header_text, "南公園停留所は仮停留所に移設中です", "Minami Park stop has moved")
    _say(
        alert.description_text,
        "工事のため、南公園停留所は北へ50mの仮停留所に移設しています。",
        "During works, buses call at a temporary stop 50 m north of Minami Park.",
    )
    return bytes(message.SerializeToString())


def _say(text: Any, japanese: str, english: str) -> None:
    for language, words in (("ja", japanese), ("en", english)):
        translation = text.translation.add()
        translation.language, translation.text = language, words
