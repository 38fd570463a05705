from __future__ import annotations

from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from services.broker.context.geometry import (
    METRES_PER_DEGREE,
    Point,
    around,
    as_wkb,
    bounds,
    is_sound,
    metres_between,
    metres_to_points,
    points_in,
    shape,
    shapes,
)

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
points = st.tuples(longitudes, latitudes)


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]],
}
RING: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]],
        [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]],
    ],
}


def metres(reference: dict[str, Any], *others: dict[str, Any]) -> list[float]:
    return [float(m) for m in metres_between(shape(reference), shapes(list(map(as_wkb, others))))]


def distance(a: Point, b: Point) -> float:
    return metres(point(*a), point(*b))[0]


@given(points, points)
def test_distance_is_the_same_both_ways_and_never_more_than_half_round(a: Point, b: Point) -> None:
    assert distance(a, b) == pytest.approx(distance(b, a), abs=0.01)
    assert 0 <= distance(a, b) <= 180 * METRES_PER_DEGREE + 1


@given(points, points, st.floats(1, 100_000))
def test_the_box_around_a_point_holds_everything_near(a: Point, b: Point, most: float) -> None:
    """What the box leaves out is never near: the index may be trusted."""
    south, north, west, east = around(bounds(point(*a)), most)
    if distance(a, b) <= most:
        assert south <= b[1] <= north
        assert west <= b[0] <= east


def test_a_known_distance() -> None:
    """Tokyo station to Shin-Osaka station, about 403 km."""
    assert distance((139.7671, 35.6812), (135.5002, 34.7333)) == pytest.approx(402_900, rel=0.005)


@given(points)
def test_a_point_is_at_no_distance_from_itself(a: Point) -> None:
    assert distance(a, a) == pytest.approx(0, abs=0.01)


def test_distance_to_a_line_is_to_its_nearest_part() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [10, 0]]}
    degree = pytest.approx(METRES_PER_DEGREE, rel=1e-3)
    assert metres(point(5, 1), line) == [degree]
    assert metres(point(-1, 0), line) == [degree]
    assert metres(line, point(5, 1), point(11, 0), point(3, 0)) == [degree, degree, 0]


def test_inside_a_polygon_there_is_no_distance() -> None:
    assert metres(point(1, 1), SQUARE) == [0]
    assert metres(point(3, 1), SQUARE) == [pytest.approx(METRES_PER_DEGREE, rel=1e-3)]
    assert metres(point(2, 2), RING) == [pytest.approx(METRES_PER_DEGREE, rel=1e-2)]


@given(points)
def test_a_point_is_written_as_geos_writes_it(a: Point) -> None:
    assert as_wkb(point(*a)) == shapely.to_wkb(shapely.Point(*a), byte_order=1)


def test_a_polygon_that_crosses_itself_is_mended() -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    assert shape(bow).is_valid


def test_bounds_of_every_kind() -> None:
    assert bounds(RING) == (0, 4, 0, 4)
    assert bounds({"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}) == (0, 2, 0, 2)
    assert bounds({"type": "MultiPoint", "coordinates": [[1, 2], [3, -4]]}) == (-4, 2, 1, 3)


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [True, False]},
        {"type": "Point", "coordinates": [181, 0]},
        {"type": "Point", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "LineString", "coordinates": {"0": [1, 2]}},
        {"type": "LineString", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]},
        {"type": "GeometryCollection", "coordinates": []},
        {"type": ["Point"], "coordinates": [1, 2]},
    ],
)
def test_what_is_no_geometry(geometry: object) -> None:
    assert not is_sound(geometry)


@given(points, st.lists(points, min_size=1, max_size=5))
def test_points_are_as_far_as_by_the_way_of_all_geometries(here: Point, there: list[Point]) -> None:
    wkb = [as_wkb(point(*one)) for one in there]
    found = points_in(wkb)
    assert found is not None
    expected = metres_between(shape(point(*here)), shapes(wkb))
    assert metres_to_points(here, found) == pytest.approx(expected, abs=0.01)


def test_points_are_told_from_other_geometries() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    assert points_in([as_wkb(point(1, 2)), as_wkb(line)]) is None
