from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mobility.board import Board, Scheduled
from connectors.mobility.gtfs import parse_gtfs
from tests.connectors.mobility.feeds import TABLES, gtfs

TOKYO = ZoneInfo("Asia/Tokyo")


def board(**changed: str) -> Board:
    return Board(parse_gtfs(gtfs(**changed)))


def first(found: Board, stop: str, since: datetime, count: int = 1) -> list[tuple[str, str]]:
    """Trip and local time of the first departures."""
    return [
        (each.trip.id, datetime.fromtimestamp(each.moment, TOKYO).strftime("%m-%d %H:%M"))
        for each in islice(found.departures(stop, since), count)
    ]


def test_a_trip_past_midnight_belongs_to_the_day_before() -> None:
    # Friday 2026-06-05's service runs at 00:50 on Saturday, when no service runs
    assert first(board(), "s1", datetime(2026, 6, 6, 0, 30, tzinfo=TOKYO), 2) == [
        ("late", "06-06 00:50"),
        ("t1", "06-08 08:00"),
    ]


def test_a_departure_at_the_very_moment_is_there_and_one_before_is_gone() -> None:
    at = datetime(2026, 6, 4, 8, 0, tzinfo=TOKYO)
    assert first(board(), "s1", at) == [("t1", "06-04 08:00")]
    assert first(board(), "s1", at + timedelta(seconds=1)) == [("late", "06-05 00:50")]


def test_nothing_departs_from_a_last_stop() -> None:
    assert first(board(), "s3", datetime(2026, 6, 4, tzinfo=TOKYO)) == []


def test_calendar_dates_add_and_remove() -> None:
    dates = "service_id,date,exception_type\nweekday,20260604,2\nweekday,20260606,1\n"
    found = board(calendar_dates=dates)
    assert first(found, "s2", datetime(2026, 6, 4, 2, 0, tzinfo=TOKYO), 2) == [
        ("t1", "06-05 08:11"),
        ("late", "06-06 01:00"),
    ]
    assert first(found, "s2", datetime(2026, 6, 6, 2, 0, tzinfo=TOKYO)) == [("t1", "06-06 08:11")]


def test_headways_run_from_start_until_before_end() -> None:
    found = board(
        frequencies="trip_id,start_time,end_time,headway_secs\nt1,07:00:00,07:30:00,600\n",
    )
    day = datetime(2026, 6, 4, tzinfo=TOKYO)
    assert first(found, "s2", day + timedelta(hours=2), 4) == [
        ("t1", "06-04 07:11"),
        ("t1", "06-04 07:21"),
        ("t1", "06-04 07:31"),
        ("late", "06-05 01:00"),
    ]
    assert first(found, "s2", day + timedelta(hours=7, minutes=21, seconds=1)) == [
        ("t1", "06-04 07:31")
    ]


def test_a_service_day_begins_twelve_hours_before_noon() -> None:
    """GTFS Time: on the day that clocks go forward in New York, 08:00 is eight hours before 16:00,
    though nine hours by the clock have not passed since midnight."""
    new_york = TABLES["agency.txt"].replace("Asia/Tokyo", "America/New_York")
    week = TABLES["calendar.txt"].replace("1,1,1,1,1,0,0", "1,1,1,1,1,1,1")
    found = board(agency=new_york, calendar=week)
    zone = ZoneInfo("America/New_York")
    (departure,) = islice(found.departures("s1", datetime(2026, 3, 8, 3, 0, tzinfo=zone)), 1)
    assert datetime.fromtimestamp(departure.moment, zone) == datetime(2026, 3, 8, 8, 0, tzinfo=zone)
    midnight = datetime(2026, 3, 8, tzinfo=zone)
    assert found.day_start(date(2026, 3, 8)) == int(midnight.timestamp()) - 3600


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


trips = st.lists(
    st.tuples(st.integers(0, 30 * 3600), st.integers(60, 3600), st.sampled_from(["weekday", "we"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(trips=trips, hour=st.integers(0, 24 * 9), runs=st.booleans())
def test_the_index_finds_what_a_full_search_finds(
    trips: list[tuple[int, int, str]], hour: int, runs: bool
) -> None:
    timetable = parse_gtfs(
        gtfs(
            calendar=TABLES["calendar.txt"] + "we,0,0,0,0,0,1,1,20260101,20261231\n",
            trips="route_id,service_id,trip_id\n"
            + "".join(f"r1,{service},t{i}\n" for i, (_, _, service) in enumerate(trips)),
            stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
            + "".join(
                f"t{i},{clock(start)},{clock(start)},s1,1\n"
                f"t{i},{clock(start + ride)},{clock(start + ride)},s2,2\n"
                f"t{i},{clock(start + 2 * ride)},{clock(start + 2 * ride)},s3,3\n"
                for i, (start, ride, _) in enumerate(trips)
            ),
            **(
                {
                    "frequencies": "trip_id,start_time,end_time,headway_secs\n"
                    "t0,05:00:00,26:00:00,1700\n"
                }
                if runs
                else {}
            ),
        )
    )
    since = datetime(2026, 6, 1, tzinfo=TOKYO) + timedelta(hours=hour)
    found = Board(timetable)
    got = [(d.moment, d.trip.id) for d in islice(found.departures("s2", since), 15)]
    assert got == sorted(got, key=lambda pair: pair[0])
    expected = []
    for day in (since.date() + timedelta(days=n) for n in range(-3, 9)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=TOKYO)
        for i, (start, ride, service) in enumerate(trips):
            if (service == "weekday") != (day.weekday() < 5):
                continue
            starts = range(5 * 3600, 26 * 3600, 1700) if runs and i == 0 else [start]
            for begins in starts:
                moment = midnight + timedelta(seconds=begins + ride)
                if moment >= since:
                    expected.append((int(moment.timestamp()), f"t{i}"))
    assert [m for m, _ in got] == sorted(m for m, _ in expected)[: len(got)]
    assert set(got) <= set(expected)
    assert len(got) == min(15, len(expected))


def test_departures_are_lazy() -> None:
    """A question costs what it asks for, not the length of the timetable."""
    found = board(frequencies="trip_id,start_time,end_time,headway_secs\nt1,00:00:00,24:00:00,1\n")
    since = datetime(2026, 6, 4, tzinfo=TOKYO)
    taken: list[Scheduled] = list(islice(found.departures("s1", since), 5))
    assert len(taken) == 5
