from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mobility.gtfs import parse_gtfs
from schemas.problem import Problem, Unprocessable
from tests.connectors.mobility.feeds import TABLES, gtfs


def test_a_feed_is_read_whole() -> None:
    timetable = parse_gtfs(gtfs())
    assert timetable.zone.key == "Asia/Tokyo"
    assert [call.departure for call in timetable.calls["late"]] == [89400, 90000, 90600]
    assert timetable.stops["s2"].parent == "station"


def test_times_between_timepoints_lie_evenly() -> None:
    lines = TABLES["stop_times.txt"].replace("08:10:00,08:11:00", ",")
    (_, between, _) = parse_gtfs(gtfs(stop_times=lines)).calls["t1"]
    assert (between.arrival, between.departure) == (8 * 3600 + 600, 8 * 3600 + 600)


def test_names_in_other_languages_are_found_by_record_and_by_value() -> None:
    text = (
        "table_name,field_name,language,translation,record_id,field_value\n"
        "stops,stop_name,en,Start,s1,\n"
        "routes,route_long_name,en,Main Line,,本線\n"
        "stops,stop_desc,en,not a name,s1,\n"
    )
    found = parse_gtfs(gtfs(translations=text)).translations
    assert found == {("stops", "s1"): {"en": "Start"}, ("routes", "r1"): {"en": "Main Line"}}


BROKEN = [
    ("stops", "s1,始点", "s2,始点", "stops.txt:3 stop_id", "twice"),
    ("stops", "36.55", "96.55", "stops.txt:2 stop_lat", "not a coordinate"),
    ("stops", "36.55", "", "stops.txt:2 stop_lat", "not a coordinate"),
    ("stops", ",station\n", ",nowhere\n", "stops.txt parent_station of 's2'", "no stop"),
    ("stops", "stop_lat", "latitude", "stops.txt:1 stop_lat", "missing"),
    ("stops", "始点", "", "stops.txt:2 stop_name", "needs a name"),
    ("routes", "r1,A", "r1,B", "routes.txt:2 agency_id", "no agency"),
    ("routes", ",3", ",bus", "routes.txt:2 route_type", "not a whole number"),
    ("trips", "r1,weekday,t1", "r9,weekday,t1", "trips.txt:2 route_id", "no route 'r9'"),
    ("trips", "r1,weekday,t1", "r1,never,t1", "trips.txt:2 service_id", "no service 'never'"),
    ("stop_times", "s2,2\nt1", "s9,2\nt1", "stop_times.txt:3 stop_id", "no stop 's9'"),
    ("stop_times", "t1,08:00:00", "t9,08:00:00", "stop_times.txt:2 trip_id", "no trip 't9'"),
    ("stop_times", "08:10:00", "8h10", "stop_times.txt:3 arrival_time", "not a time"),
    ("stop_times", "08:10:00", "07:10:00", "stop_times.txt:3 arrival_time", "back in time"),
    ("stop_times", "s2,2\nt1", "s2,1\nt1", "stop_times.txt:3 stop_sequence", "twice"),
    ("stop_times", "08:20:00,08:20:00", ",", "stop_times.txt:4 arrival_time", "need a time"),
    ("calendar", "20260101", "20260231", "calendar.txt:2 start_date", "not a date"),
    ("agency", "Asia/Tokyo", "Asia/Mirai", "agency.txt:2 agency_timezone", "not a time zone"),
]


@pytest.mark.parametrize(("table", "was", "becomes", "where", "what"), BROKEN)
def test_what_is_wrong_is_told_by_file_line_and_column(
    table: str, was: str, becomes: str, where: str, what: str
) -> None:
    text = TABLES[f"{table}.txt"]
    assert was in text
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(gtfs(**{table: text.replace(was, becomes, 1)}))
    assert (where, True) in [(f.where, what in f.what) for f in refused.value.faults]


@pytest.mark.parametrize("file", sorted(TABLES))
def test_a_missing_table_is_named(file: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(gtfs(without=file))
    assert refused.value.faults[0].where == file


def test_a_table_in_a_folder_is_told_to_move() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in TABLES.items():
            archive.writestr(f"feed/{name}", text)
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(file.getvalue())
    assert refused.value.faults[0].fix == "move feed/agency.txt to the archive's root"


def test_another_encoding_is_refused_with_its_line() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in TABLES.items():
            archive.writestr(name, text.encode("cp932" if name == "stops.txt" else "utf-8"))
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(file.getvalue())
    assert refused.value.faults[0].where == "stops.txt:2"
    assert "not UTF-8" in refused.value.faults[0].what


def test_a_zip_bomb_is_not_inflated() -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(gtfs(stops="stop_id\n" + "0" * 50_000_000))
    assert "unsafe" in refused.value.faults[-1].what


def test_all_rows_together_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.mobility.tables.MOST_ROWS", 10)
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(gtfs())
    assert "more than 10 rows" in refused.value.faults[-1].what


@given(raw=st.binary(max_size=400))
def test_any_bytes_are_a_feed_or_a_problem(raw: bytes) -> None:
    with pytest.raises(Problem):
        parse_gtfs(raw)


@given(start=st.integers(0, 1500), size=st.integers(1, 40), fill=st.binary(min_size=40))
def test_a_damaged_zip_is_a_feed_or_a_problem(start: int, size: int, fill: bytes) -> None:
    raw = gtfs()
    damaged = raw[:start] + fill[:size] + raw[start + size :]
    with contextlib.suppress(Problem):
        parse_gtfs(damaged)


@given(
    table=st.sampled_from(sorted(TABLES)),
    text=st.text(alphabet=st.sampled_from('s1t,:"\n\r08é\x00é '), max_size=60),
)
def test_any_text_in_a_table_is_a_feed_or_a_problem(table: str, text: str) -> None:
    header = TABLES[table].partition("\n")[0]
    with contextlib.suppress(Problem):
        parse_gtfs(gtfs(**{table.removesuffix(".txt"): f"{header}\n{text}"}))


def test_the_directory_of_a_zip_is_not_believed() -> None:
    raw = bytearray(gtfs(stops="stop_id\n" + "0" * 50_000_000))
    entry = raw.rindex(b"PK\x01\x02", 0, raw.index(b"stops.txt", raw.index(b"PK\x01\x02")))
    raw[entry + 24 : entry + 28] = (100).to_bytes(4, "little")  # says it inflates to 100 bytes
    with pytest.raises(Unprocessable):
        parse_gtfs(bytes(raw))


def test_limits_hold_for_tables_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.mobility.tables.MOST_BYTES", 300)
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(gtfs())
    assert refused.value.faults[-1].where in TABLES
