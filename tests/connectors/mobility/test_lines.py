"""Routes as lines on a map."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mobility.connector import MobilityConnector
from connectors.mobility.gtfs import parse_gtfs
from connectors.mobility.lines import MOST_POSITIONS, _thin
from schemas.problem import Unprocessable
from tests.connectors.harness import running
from tests.connectors.mobility.feeds import TABLES, gtfs

SHAPES = (
    "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "way,36.2,139.2,20\nway,36.1,139.1,3\nother,36.0,139.0,1\n"
)


def with_shapes(shapes: str = SHAPES) -> bytes:
    header, *rows = TABLES["trips.txt"].strip().split("\n")
    trips = "\n".join([header + ",shape_id", *(row + ",way" for row in rows)]) + "\n"
    return gtfs(trips=trips, shapes=shapes)


def test_a_route_follows_its_trips_shape_in_the_order_of_its_sequence() -> None:
    assert parse_gtfs(with_shapes()).lines["r1"] == (((139.1, 36.1), (139.2, 36.2)),)


def test_without_shapes_it_goes_straight_from_stop_to_stop() -> None:
    timetable = parse_gtfs(gtfs())
    (line,) = timetable.lines["r1"]
    longest = max(timetable.calls.values(), key=len)
    first = timetable.stops[longest[0].stop]
    assert len(line) == len(longest) and line[0] == (first.longitude, first.latitude)


def test_a_shape_that_is_nowhere_is_no_reason_to_refuse_a_timetable() -> None:
    assert len(parse_gtfs(with_shapes(SHAPES.replace("way", "else"))).lines["r1"][0]) > 1


def test_a_position_that_is_none_is_told() -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_gtfs(with_shapes(SHAPES.replace("139.2", "539.2")))
    assert refused.value.faults[0].where == "shapes.txt:2 shape_pt_lon"


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5_000))
def test_a_long_line_keeps_its_ends_and_its_order(length: int) -> None:
    way = [(float(place), 0.0) for place in range(length)]
    line = _thin(way)
    assert len(line) == min(length, MOST_POSITIONS)
    assert (line[0], line[-1]) == (way[0], way[-1])
    assert list(line) == sorted(set(line))


async def test_the_open_api_tells_them_as_geojson(tmp_path: Path) -> None:
    async with running(MobilityConnector, tmp_path) as run:
        await run.api.put("/mobility/v1/feeds/gtfs", content=with_shapes())
        answer = await run.api.get("/mobility/v1/shapes")
    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = [f for f in answer.json()["features"] if f["properties"]["routeId"] == "r1"]
    assert feature["geometry"]["type"] == "MultiLineString"
    assert feature["geometry"]["coordinates"] == [[[139.1, 36.1], [139.2, 36.2]]]
