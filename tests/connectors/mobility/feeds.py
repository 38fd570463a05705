"""Small feeds for tests: a timetable of a few lines, and realtime messages about it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from google.transit import gtfs_realtime_pb2 as pb

TABLES = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,Bus,https://x.example,Asia/Tokyo\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "s1,始点,36.55,139.88,0,\n"
        "s2,中央,36.56,139.89,0,station\n"
        "s3,終点,36.57,139.90,0,\n"
        "station,中央駅,36.56,139.89,1,\n"
    ),
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,A,1,本線,3\n",
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "weekday,1,1,1,1,1,0,0,20260101,20261231\n"
    ),
    "trips.txt": (
        "route_id,service_id,trip_id,trip_headsign\nr1,weekday,t1,終点\nr1,weekday,late,終点\n"
    ),
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,08:00:00,08:00:00,s1,1\n"
        "t1,08:10:00,08:11:00,s2,2\n"
        "t1,08:20:00,08:20:00,s3,3\n"
        "late,24:50:00,24:50:00,s1,1\n"
        "late,25:00:00,25:00:00,s2,2\n"
        "late,25:10:00,25:10:00,s3,3\n"
    ),
}


def gtfs(without: str = "", **changed: str) -> bytes:
    """The zip of TABLES.

    Args:
        without: a table to leave out.
        changed: table (without ``.txt``) → its text instead.
    """
    tables = {**TABLES, **{f"{name}.txt": text for name, text in changed.items()}}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            if name != without:
                archive.writestr(name, text)
    return file.getvalue()


def message(at: int = 1) -> Any:
    found = pb.FeedMessage()
    found.header.gtfs_realtime_version = "2.0"
    found.header.timestamp = at
    return found
