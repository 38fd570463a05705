from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.protobuf import text_format
from google.transit import gtfs_realtime_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from connectors.mobility.city import City, parse_city
from connectors.mobility.realtime import parse_realtime
from connectors.mobility.updates import Updates, parse_trip_updates
from schemas.mobility import Departure
from schemas.problem import Problem, Unprocessable
from tests.connectors.mobility.feeds import gtfs, message

TOKYO = ZoneInfo("Asia/Tokyo")
MORNING = datetime(2026, 6, 4, 7, 59, tzinfo=TOKYO)  # a Thursday
NOW = int(MORNING.timestamp())


def city(**changed: str) -> City:
    return parse_city(gtfs(**changed))


def updates(write: Callable[[Any], None], trip: str = "t1", at: int = NOW) -> Updates:
    found = message(at)
    entity = found.entity.add()
    entity.id = "1"
    entity.trip_update.trip.trip_id = trip
    write(entity.trip_update)
    return parse_trip_updates(found.SerializeToString())


def departs(
    stop: str, said: Updates, since: datetime = MORNING, limit: int = 1, **changed: str
) -> list[Departure]:
    return city(**changed).departures(stop, since, said, limit)


def late_at_first(update: Any) -> None:
    stop = update.stop_time_update.add()
    stop.stop_sequence, stop.departure.delay = 1, 300


def test_a_delay_holds_for_the_stops_after_it() -> None:
    (first,) = departs("s1", updates(late_at_first))
    (second,) = departs("s2", updates(late_at_first))
    assert (first.delay_seconds, first.status) == (300, "late")
    assert second.expected == datetime(2026, 6, 4, 8, 16, tzinfo=TOKYO)


def test_a_late_departure_is_there_until_it_has_left() -> None:
    after = datetime(2026, 6, 4, 8, 4, tzinfo=TOKYO)
    assert departs("s1", updates(late_at_first), after)[0].trip_id == "t1"
    gone = datetime(2026, 6, 4, 8, 5, 1, tzinfo=TOKYO)
    assert departs("s1", updates(late_at_first), gone)[0].trip_id == "late"


def test_what_is_said_of_a_later_stop_says_nothing_of_an_earlier_one() -> None:
    def by_id(update: Any) -> None:
        stop = update.stop_time_update.add()
        stop.stop_id, stop.departure.delay = "s2", 120

    assert departs("s1", updates(by_id))[0].status == "scheduled"
    assert departs("s2", updates(by_id))[0].delay_seconds == 120


def test_an_absolute_time_is_a_delay_for_what_follows() -> None:
    def absolute(update: Any) -> None:
        stop = update.stop_time_update.add()
        stop.stop_sequence = 1
        stop.departure.time = NOW + 60 + 240  # 08:04 instead of 08:00

    assert departs("s2", updates(absolute))[0].delay_seconds == 240


def test_a_cancelled_trip_is_shown_as_such() -> None:
    def cancel(update: Any) -> None:
        update.trip.schedule_relationship = pb.TripDescriptor.CANCELED

    (found,) = departs("s1", updates(cancel))
    assert (found.trip_id, found.status) == ("t1", "cancelled")


def test_a_skipped_stop_is_shown_as_such_and_the_next_keeps_the_delay() -> None:
    def skip(update: Any) -> None:
        late_at_first(update)
        stop = update.stop_time_update.add()
        stop.stop_sequence = 2
        stop.schedule_relationship = pb.TripUpdate.StopTimeUpdate.SKIPPED

    assert departs("s2", updates(skip))[0].status == "skipped"


def test_no_data_ends_a_delay() -> None:
    def silent(update: Any) -> None:
        late_at_first(update)
        stop = update.stop_time_update.add()
        stop.stop_sequence = 2
        stop.schedule_relationship = pb.TripUpdate.StopTimeUpdate.NO_DATA

    assert departs("s2", updates(silent))[0].status == "scheduled"


def test_an_update_is_about_its_own_day() -> None:
    def tomorrow(update: Any) -> None:
        update.trip.start_date = "20260605"
        late_at_first(update)

    today, night, next_day = departs("s1", updates(tomorrow), limit=3)
    assert (today.status, night.status, next_day.status) == ("scheduled", "scheduled", "late")


def test_without_a_day_it_is_about_the_run_around_the_message() -> None:
    today, _, next_day = departs("s1", updates(late_at_first), limit=3)
    assert (today.status, next_day.status) == ("late", "scheduled")


def test_a_headway_run_is_named_by_its_start() -> None:
    def run(update: Any) -> None:
        update.trip.start_time = "08:10:00"
        late_at_first(update)

    headway = "trip_id,start_time,end_time,headway_secs,exact_times\nt1,08:00:00,08:30:00,600,1\n"
    found = departs("s1", updates(run), limit=3, frequencies=headway)
    assert [each.delay_seconds for each in found] == [None, 300, None]


def test_departures_are_in_order_of_expected_time() -> None:
    """An early trip overtakes one that is scheduled before it."""
    lines = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,08:00:00,08:00:00,s1,1\nt1,08:10:00,08:10:00,s3,2\n"
        "late,08:05:00,08:05:00,s1,1\nlate,08:15:00,08:15:00,s3,2\n"
    )
    found = departs("s1", updates(late_at_first, "t1"), limit=2, stop_times=lines)
    assert [each.trip_id for each in found] == ["t1", "late"]

    def early(update: Any) -> None:
        stop = update.stop_time_update.add()
        stop.stop_sequence, stop.departure.delay = 1, -330

    (first,) = departs("s1", updates(early, "late"), limit=1, stop_times=lines)
    assert (first.trip_id, first.status) == ("late", "early")


def test_an_added_trip_departs() -> None:
    def add(update: Any) -> None:
        update.trip.schedule_relationship = pb.TripDescriptor.ADDED
        update.trip.route_id = "r1"
        stop = update.stop_time_update.add()
        stop.stop_id, stop.departure.time = "s1", NOW + 30

    (found,) = departs("s1", updates(add, "extra"))
    assert (found.trip_id, found.status, found.route_name) == ("extra", "added", "1")


def test_a_station_has_the_departures_of_its_stops() -> None:
    (found,) = departs("station", Updates())
    assert found.stop_id == "s2"


def test_the_text_form_is_understood() -> None:
    found = message()
    entity = found.entity.add()
    entity.id = "1"
    entity.trip_update.trip.trip_id = "t1"
    text = f"# a comment\n{text_format.MessageToString(found)}".encode()
    assert "t1" in parse_trip_updates(text).by_trip


def wrong(change: Callable[[Any], None]) -> bytes:
    found = message()
    for i in (1, 2):
        entity = found.entity.add()
        entity.id = str(i)
        entity.vehicle.position.latitude, entity.vehicle.position.longitude = 36.5, 139.8
    change(found)
    return bytes(found.SerializeToString())


def set_version(found: Any) -> None:
    found.header.gtfs_realtime_version = "9.0"


def set_differential(found: Any) -> None:
    found.header.incrementality = pb.FeedHeader.DIFFERENTIAL


def set_same_id(found: Any) -> None:
    found.entity[1].id = "1"


def set_latitude(found: Any) -> None:
    found.entity[1].vehicle.position.latitude = 95


def set_milliseconds(found: Any) -> None:
    found.header.timestamp = 1_780_000_000_000


def set_other_kind(found: Any) -> None:
    del found.entity[:]
    found.entity.add().id = "1"
    found.entity[0].alert.cause = pb.Alert.ACCIDENT


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (set_version, "header.gtfs_realtime_version"),
        (set_differential, "header.incrementality"),
        (set_same_id, "entity[1].id"),
        (set_latitude, "entity '2' vehicle.position.latitude"),
        (set_milliseconds, "header.timestamp"),
        (set_other_kind, "entity"),
    ],
)
def test_what_is_wrong_is_told(change: Callable[[Any], None], where: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_realtime(wrong(change), "vehicle")
    assert refused.value.faults[0].where == where


@given(raw=st.binary(max_size=300), kind=st.sampled_from(["vehicle", "trip_update", "alert"]))
def test_any_bytes_are_a_message_or_a_problem(raw: bytes, kind: str) -> None:
    with contextlib.suppress(Problem):
        parse_realtime(raw, kind)


@given(cut=st.integers(0, 80), noise=st.binary(max_size=20))
def test_a_damaged_message_is_a_message_or_a_problem(cut: int, noise: bytes) -> None:
    raw = wrong(lambda found: None)
    with contextlib.suppress(Problem):
        parse_realtime(raw[:cut] + noise + raw[cut:], "vehicle")
