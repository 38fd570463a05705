"""GTFS Schedule: a zip of tables → a timetable.

Source: https://gtfs.org/documentation/schedule/reference/.

Read: agency, stops, routes, trips, stop_times, calendar, calendar_dates, frequencies, shapes,
translations.
Every reference must lead somewhere; what is wrong is told by file, line and column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.faults import Faults
from connectors.mobility.calls import read_calls
from connectors.mobility.lines import read_lines
from connectors.mobility.model import Route, Stop, Timetable, Trip
from connectors.mobility.service_days import read_calendar, read_frequencies
from connectors.mobility.tables import Row, Tables
from connectors.mobility.translations import read_translations
from connectors.mobility.values import Reader

STANDARD: Final = "GTFS Schedule"
_REQUIRED: Final = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
_LOCATED: Final = (0, 1, 2)
"""Location types that need a name and coordinates: stop, station, entrance."""
_STOPS: Final = ("stop_id", "stop_name", "stop_lat", "stop_lon")

T = TypeVar("T")


def parse_gtfs(raw: bytes) -> Timetable:
    """Read a GTFS zip.

    Raises:
        Unprocessable: it is not a whole, consistent feed; the faults say where.
    """
    faults = Faults(STANDARD)
    tables = Tables(raw, faults)
    _check_files(tables, faults)
    return _Feed(tables, faults).read()


def _check_files(tables: Tables, faults: Faults) -> None:
    for file in _REQUIRED:
        if file not in tables:
            inside = tables.misplaced(file)
            fix = f"move {inside} to the archive's root" if inside else "add it"
            faults.add(file, "The file is missing.", fix)
    if "calendar.txt" not in tables and "calendar_dates.txt" not in tables:
        faults.add("calendar.txt", "Neither calendar.txt nor calendar_dates.txt is there.")
    faults.check()


class _Feed:
    """The reading of one feed, table by table in the order of their references."""

    def __init__(self, tables: Tables, faults: Faults) -> None:
        self._tables, self._faults = tables, faults
        self._read = Reader(faults)

    def read(self) -> Timetable:
        zone, agencies = self._agencies()
        stops = self._unique("stops.txt", "stop_id", _STOPS, self._stop)
        self._check_parents(stops)
        routes = self._unique(
            "routes.txt", "route_id", ("route_id", "route_type"), lambda r: self._route(r, agencies)
        )
        calendar = read_calendar(self._tables, self._faults)
        services = calendar.services()
        trips = self._unique(
            "trips.txt",
            "trip_id",
            ("route_id", "service_id", "trip_id"),
            lambda row: self._trip(row, routes, services),
        )
        calls = read_calls(self._tables, self._faults, trips, stops)
        frequencies = read_frequencies(self._tables, self._faults, trips)
        translations = read_translations(self._tables, stops, routes)
        lines = read_lines(self._tables, self._faults, trips, calls, stops)
        self._faults.check()
        return Timetable(
            zone, stops, routes, trips, calls, calendar, frequencies, translations, lines
        )

    def _unique(
        self, file: str, key: str, required: tuple[str, ...], read: Callable[[Row], T | None]
    ) -> dict[str, T]:
        """A table by its key. Broken references are told once: the row itself stays known."""
        found: dict[str, T] = {}
        for row in self._tables.rows(file, required):
            identity = self._read.required(row, key)
            if identity in found:
                self._faults.add(row.at(key), f"{identity!r} is there twice.", "keep one of them")
            value = read(row)
            if identity and value is not None:
                found[identity] = value
        if not found:
            self._faults.add(file, "The table has no rows that can be read.")
        return found

    def _agencies(self) -> tuple[ZoneInfo, dict[str, str]]:
        zones: set[str] = set()
        names: dict[str, str] = {}
        for row in self._tables.rows("agency.txt", ("agency_name", "agency_timezone")):
            zones.add(row.key("agency_timezone"))
            names[row.key("agency_id")] = row.text("agency_name")
        if len(zones) > 1:
            self._faults.add("agency.txt agency_timezone", "All agencies must share one time zone.")
        zone = next(iter(sorted(zones)), "")
        try:
            return ZoneInfo(zone), names
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._faults.add(
                "agency.txt:2 agency_timezone",
                f"{zone[:40]!r} is not a time zone.",
                "use a name of the IANA time zone database, such as Asia/Tokyo",
            )
            return ZoneInfo("UTC"), names

    def _stop(self, row: Row) -> Stop:
        kind = self._read.whole(row, "location_type", 4, default=0) or 0
        located = kind in _LOCATED or bool(row.key("stop_lat") or row.key("stop_lon"))
        if kind in _LOCATED and not row.key("stop_name"):
            self._faults.add(row.at("stop_name"), "A stop needs a name.")
        return Stop(
            id=row.key("stop_id"),
            name=row.text("stop_name"),
            latitude=self._read.degrees(row, "stop_lat", 90) if located else None,
            longitude=self._read.degrees(row, "stop_lon", 180) if located else None,
            code=row.key("stop_code"),
            description=row.text("stop_desc"),
            location_type=kind,
            parent=row.key("parent_station"),
            platform=row.key("platform_code"),
            wheelchair=self._read.whole(row, "wheelchair_boarding", 2, default=0) or 0,
        )

    def _check_parents(self, stops: dict[str, Stop]) -> None:
        for stop in stops.values():
            if stop.parent and stop.parent not in stops:
                where = f"stops.txt parent_station of {stop.id!r}"
                self._faults.add(where, f"There is no stop {stop.parent!r}.")

    def _route(self, row: Row, agencies: dict[str, str]) -> Route:
        agency = row.key("agency_id")
        if agency and agency not in agencies:
            self._faults.add(row.at("agency_id"), f"There is no agency {agency!r}.")
        short, long = row.text("route_short_name"), row.text("route_long_name")
        if not (short.strip() or long.strip()):
            self._faults.add(row.at("route_short_name"), "A route needs a short or a long name.")
        return Route(
            id=row.key("route_id"),
            short_name=short,
            long_name=long,
            type=self._read.whole(row, "route_type", 9999) or 0,
            description=row.text("route_desc"),
            color=row.key("route_color"),
            text_color=row.key("route_text_color"),
            operator=agencies.get(agency) or next(iter(agencies.values()), ""),
        )

    def _trip(self, row: Row, routes: dict[str, Route], services: set[str]) -> Trip:
        route, service = row.key("route_id"), row.key("service_id")
        if route not in routes:
            self._faults.add(row.at("route_id"), f"There is no route {route!r} in routes.txt.")
        if service not in services:
            self._faults.add(
                row.at("service_id"),
                f"There is no service {service!r} in calendar.txt or calendar_dates.txt.",
            )
        return Trip(
            row.key("trip_id"), route, service, row.text("trip_headsign"), row.key("shape_id")
        )
