from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.mobility import sample
from connectors.mobility.city import parse_city
from connectors.mobility.connector import MobilityConnector
from connectors.mobility.entities import vehicles
from connectors.mobility.realtime import parse_realtime
from connectors.mobility.updates import parse_trip_updates
from tests.connectors.harness import fixed, running
from tests.connectors.mobility.feeds import gtfs

NOON = datetime(2026, 6, 4, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_sample_city_has_departures_and_vehicles_at_any_hour(hour: int) -> None:
    moment = datetime(2026, 11, 28, hour, 7, 31, tzinfo=UTC)
    city = parse_city(sample.gtfs(moment))
    updates = parse_trip_updates(sample.trip_updates(moment))
    for stop in city.stops:
        soon = city.departures(stop, moment, updates, 1)
        assert soon and soon[0].expected - moment < timedelta(minutes=40)
    here = vehicles(parse_realtime(sample.vehicle_positions(moment), "vehicle"), city.timetable)
    assert len(here) >= 4
    assert all(v.trip_id in city.timetable.trips for v in here.values())


def test_sample_vehicles_move_along_by_the_clock() -> None:
    def places(moment: datetime) -> dict[str, Any]:
        return vehicles(parse_realtime(sample.vehicle_positions(moment), "vehicle"), None)

    before, after = places(NOON), places(NOON + timedelta(seconds=20))
    same = before.keys() & after.keys()
    moved = [name for name in same if before[name].location != after[name].location]
    assert len(moved) > len(same) / 2
    assert sample.vehicle_positions(NOON) == sample.vehicle_positions(NOON + timedelta(seconds=1))


async def test_near_is_by_distance_and_within_the_radius(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        await run.api.put("/mobility/v1/feeds/gtfs", content=gtfs())
        found = await run.api.get("/mobility/v1/stops?near=36.5601,139.8901&radius=1500")
        # 0.01° of latitude are 1,112 m, of longitude at this latitude 893 m
        assert [s["stopId"] for s in found.json()["items"]] == ["s2", "station", "s3", "s1"]
        nearer = await run.api.get("/mobility/v1/stops?near=36.5601,139.8901&radius=1000")
        assert nearer.json()["total"] == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("near=here", 400),
        ("near=91,0", 400),
        ("near=nan,nan", 400),
        ("limit=0", 422),
        ("limit=1001", 422),
        ("radius=-1&near=0,0", 422),
    ],
)
async def test_a_bad_question_is_the_asker_s_mistake(
    query: str, status: int, tmp_path: Path
) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        await run.api.put("/mobility/v1/feeds/gtfs", content=gtfs())
        answer = await run.api.get(f"/mobility/v1/stops?{query}")
        assert answer.status_code == status
        assert answer.json()["errors"]


async def test_departures_are_told_from_now_or_from_a_moment(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path, clock=fixed(NOON)) as run:
        await run.api.put("/mobility/v1/feeds/gtfs", content=gtfs())
        url = "/mobility/v1/stops/s1/departures"
        now = (await run.api.get(url, params={"limit": 1})).json()["items"]
        assert now[0]["scheduled"] == "2026-06-05T00:50:00+09:00"
        assert now[0]["serviceDate"] == "2026-06-04"
        at = (await run.api.get(url, params={"at": "2026-06-04T07:00:00+09:00", "limit": 1})).json()
        assert at["items"][0]["scheduled"] == "2026-06-04T08:00:00+09:00"
        no_offset = await run.api.get(url, params={"at": "2026-06-04T07:00:00"})
        too_far = await run.api.get(url, params={"at": "9999-12-31T23:00:00Z"})
        assert (no_offset.status_code, too_far.status_code) == (422, 400)


async def test_without_a_timetable_the_answer_is_later(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        answer = await run.api.get("/mobility/v1/stops")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert (await run.api.get("/mobility/v1/vehicles")).json()["total"] == 0


async def test_ids_with_signs_are_found_as_they_are_and_encoded(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        header = "stop_id,stop_name,stop_lat,stop_lon\n"
        stops = header + "".join(f"{stop},名,36,139\n" for stop in ("s1", "s2", "s3", "東 1"))
        put = await run.api.put("/mobility/v1/feeds/gtfs", content=gtfs(stops=stops))
        assert put.status_code == 200
        entity = (await run.api.get("/mobility/v1/stops?offset=3")).json()["items"][0]
        for given in ("%E6%9D%B1%201", entity["id"], entity["id"].replace("%", "%25")):
            answer = await run.api.get(f"/mobility/v1/stops/{given}")
            assert answer.status_code == 200, given
            assert answer.json()["stopId"] == "東 1"
