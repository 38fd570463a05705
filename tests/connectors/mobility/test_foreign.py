"""Feeds that we did not make go in and come out the same, as an independent reading says."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from google.transit import gtfs_realtime_pb2 as pb

from connectors.mobility.connector import MobilityConnector
from tests.connectors.harness import Running, running
from tests.foreign import foreign

ZIPS = ("mobility/gtfs-sample-feed-1.zip", "mobility/bullrunner-gtfs.zip")


def table(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"{name}.txt").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def put(run: Running, feed: str, raw: bytes) -> dict[str, Any]:
    answer = await run.api.put(f"/mobility/v1/feeds/{feed}", content=raw)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def get(run: Running, path: str, **params: Any) -> Any:
    answer = await run.api.get(f"/mobility/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", ZIPS)
async def test_stops_and_routes_come_out_the_same(name: str, tmp_path: Path) -> None:
    path = foreign(name)
    stops, routes = table(path, "stops"), table(path, "routes")
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "gtfs", path.read_bytes())
        served = await get(run, "/stops", limit=1000)
        assert served["total"] == len(stops)
        assert [
            (s["stopId"], s["name"], *s["location"]["coordinates"]) for s in served["items"]
        ] == [
            (s["stop_id"], s["stop_name"], float(s["stop_lon"]), float(s["stop_lat"]))
            for s in stops
        ]
        lines = (await get(run, "/routes"))["items"]
        assert [(r["routeId"], r["name"], r["routeType"]) for r in lines] == [
            (r["route_id"], r["route_long_name"], int(r["route_type"])) for r in routes
        ]
        await run.said.until(lambda said: len(said.entities()) == len(stops) + len(routes))
        for stop in served["items"]:
            said = run.said.entities()[stop["id"]]
            assert said["name"]["value"] == stop["name"]
            assert said["location"] == {"type": "GeoProperty", "value": stop["location"]}


async def test_departures_are_the_timetable_s(tmp_path: Path) -> None:
    path = foreign(ZIPS[0])
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "gtfs", path.read_bytes())
        # a Saturday, at the airport: AAMV1 and AAMV3 leave, AB1 leaves, and the shuttle's last stop
        found = await get(
            run, "/stops/BEATTY_AIRPORT/departures", at="2008-06-07T00:00:00-07:00", limit=3
        )
        assert {(d["tripId"], d["scheduled"], d["headsign"]) for d in found["items"]} == {
            ("AAMV1", "2008-06-07T08:00:00-07:00", "to Amargosa Valley"),
            ("AB1", "2008-06-07T08:00:00-07:00", "to Bullfrog"),
            ("AAMV3", "2008-06-07T13:00:00-07:00", "to Amargosa Valley"),
        }
        # the shuttle runs each half hour from 6:00 to 22:00
        shuttle = await get(
            run, "/stops/STAGECOACH/departures", at="2008-06-03T20:45:00-07:00", limit=200
        )
        today = [
            d["scheduled"]
            for d in shuttle["items"]
            if d["tripId"] == "STBA" and d["serviceDate"] == "2008-06-03"
        ]
        assert today == [f"2008-06-03T21:{m}:00-07:00" for m in ("00", "30")]


async def test_vehicles_come_out_where_they_are(tmp_path: Path) -> None:
    raw = foreign("mobility/bullrunner-vehicle-positions.pb").read_bytes()
    message = pb.FeedMessage.FromString(raw)
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "vehicle-positions", raw)
        served = {v["fleetVehicleId"]: v for v in (await get(run, "/vehicles"))["items"]}
        assert len(served) == len(message.entity) == 10
        for entity in message.entity:
            vehicle, position = served[entity.vehicle.vehicle.id], entity.vehicle.position
            assert vehicle["location"]["coordinates"] == [position.longitude, position.latitude]
            assert vehicle["heading"] == position.bearing
            assert vehicle["routeId"] == entity.vehicle.trip.route_id
            made = datetime.fromtimestamp(message.header.timestamp, UTC)
            assert datetime.fromisoformat(vehicle["observedAt"]) == made
        await run.said.until(lambda said: len(said.entities()) == 10)
        assert {e["type"] for e in run.said.entities().values()} == {"Vehicle"}


async def test_service_alerts_come_out_with_their_words(tmp_path: Path) -> None:
    text = foreign("mobility/alerts.asciipb").read_text()
    alert = text_format.Parse(text, pb.FeedMessage()).entity[0].alert
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "service-alerts", text.encode())
        (served,) = (await get(run, "/alerts"))["items"]
        assert served["header"] == alert.header_text.translation[0].text
        assert (served["cause"], served["effect"]) == ("CONSTRUCTION", "DETOUR")
        assert served["routes"] == ["219", "100"]
        assert served["stops"] == ["16230", "16299"]
        assert datetime.fromisoformat(served["active"][0]["end"]).timestamp() == 1284468072


async def test_trip_updates_are_taken_though_their_trips_are_unknown(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "gtfs", foreign(ZIPS[0]).read_bytes())
        await put(run, "trip-updates", foreign("mobility/trip-updates-full.asciipb").read_bytes())
        found = await get(run, "/stops/BULLFROG/departures", at="2008-06-07T00:00:00-07:00")
        assert {d["status"] for d in found["items"]} == {"scheduled"}


@pytest.mark.parametrize("part", [0.2, 0.6, 0.98])
async def test_a_truncated_feed_is_refused_and_the_one_before_stays(
    part: float, tmp_path: Path
) -> None:
    raw = foreign(ZIPS[1]).read_bytes()
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "gtfs", raw)
        refused = await run.api.put("/mobility/v1/feeds/gtfs", content=raw[: int(len(raw) * part)])
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"] == "zip"
        assert (await get(run, "/stops"))["total"] == 125


async def test_a_feed_that_refers_to_nothing_is_refused_and_the_one_before_stays(
    tmp_path: Path,
) -> None:
    path = foreign(ZIPS[0])
    changed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"BULLFROG,1", b"NOWHERE,1"))
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "gtfs", path.read_bytes())
        refused = await run.api.put("/mobility/v1/feeds/gtfs", content=changed.getvalue())
        assert refused.status_code == 422
        (first, *_) = refused.json()["errors"]
        assert first["where"].startswith("stop_times.txt:") and "NOWHERE" in first["what"]
        assert (await get(run, "/stops"))["total"] == 9


@pytest.mark.parametrize("cut", [3, 100, 400])
async def test_truncated_positions_are_refused_and_those_before_stay(
    cut: int, tmp_path: Path
) -> None:
    raw = foreign("mobility/bullrunner-vehicle-positions.pb").read_bytes()
    async with running(MobilityConnector, tmp_path) as run:
        await put(run, "vehicle-positions", raw)
        refused = await run.api.put("/mobility/v1/feeds/vehicle-positions", content=raw[:-cut])
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"] == "message"
        assert (await get(run, "/vehicles"))["total"] == 10
