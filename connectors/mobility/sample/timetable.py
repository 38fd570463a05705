"""The sample city's GTFS zip."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from connectors.mobility.sample.network import (
    AGENCY,
    DAY_BEGINS,
    DWELL,
    LINES,
    SECONDS_BETWEEN,
    SERVICES,
    STOPS,
    Line,
    Service,
)

_DAY = 24 * 3600
_STILL = (2026, 1, 1, 0, 0, 0)  # the files' own date, so that the same year is the same bytes
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def gtfs(moment: datetime) -> bytes:
    """The timetable that holds at ``moment``: last year's, this year's and next year's."""
    return _zip(moment.astimezone(ZoneInfo(AGENCY[3])).year)


@lru_cache(maxsize=2)
def _zip(year: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, header, rows in _tables(year):
            archive.writestr(
                zipfile.ZipInfo(name, _STILL), _csv(header, rows), zipfile.ZIP_DEFLATED
            )
    return file.getvalue()


def _csv(header: str, rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def _tables(year: int) -> Iterator[tuple[str, str, Iterable[Iterable[Any]]]]:
    yield (
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
        [AGENCY],
    )
    yield (
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon",
        ((id_, name, f"{lat:.4f}", f"{lon:.4f}") for id_, (name, _, lat, lon) in STOPS.items()),
    )
    yield (
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color",
        ((line.id, AGENCY[0], line.id[1:], line.name, 3, line.color) for line in LINES),
    )
    yield (
        "calendar.txt",
        f"service_id,{','.join(_WEEK)},start_date,end_date",
        ((s.id, *s.days, f"{year - 1}0101", f"{year + 1}1231") for s in SERVICES),
    )
    yield ("trips.txt", "route_id,service_id,trip_id,trip_headsign,direction_id", _trips())
    yield (
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence",
        _stop_times(),
    )
    yield ("translations.txt", "table_name,field_name,language,translation,record_id", _english())


def _runs() -> Iterator[tuple[str, Line, Service, int, tuple[str, ...], int]]:
    """Every trip: its id, line, service, direction, stops in order, and when it starts."""
    for line in LINES:
        ways = (line.stops,) if line.circle else (line.stops, line.stops[::-1])
        for service in SERVICES:
            for direction, stops in enumerate(ways):
                for start in _starts(service):
                    clock = f"{start // 3600:02}{start % 3600 // 60:02}"
                    yield (
                        f"{line.id}-{direction}-{service.id}-{clock}",
                        line,
                        service,
                        direction,
                        (stops),
                        start,
                    )


def _starts(service: Service) -> Iterator[int]:
    yield from range(0, DAY_BEGINS, service.night_headway)
    yield from range(DAY_BEGINS, _DAY, service.headway)


def _trips() -> Iterator[tuple[Any, ...]]:
    for trip, line, service, direction, stops, _ in _runs():
        yield line.id, service.id, trip, f"{STOPS[stops[-1]][0]}行き", direction


def _stop_times() -> Iterator[tuple[Any, ...]]:
    for trip, _, _, _, stops, start in _runs():
        for i, stop in enumerate(stops):
            arrival = start + i * SECONDS_BETWEEN
            departure = arrival + (DWELL if 0 < i < len(stops) - 1 else 0)
            yield trip, _clock(arrival), _clock(departure), stop, i + 1


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def _english() -> Iterator[tuple[str, ...]]:
    for id_, (_, english, _, _) in STOPS.items():
        yield "stops", "stop_name", "en", english, id_
    for line in LINES:
        yield "routes", "route_long_name", "en", line.english, line.id
