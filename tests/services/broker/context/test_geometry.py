from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.context.geometry import (
    METRES_PER_DEGREE,
    Point,
    around,
    bounds,
    distance,
    distance_to,
    is_sound,
    is_within,
)

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
points = st.tuples(longitudes, latitudes)


def point(x: float, y: float) -> dict[str, object]:
    return {"type": "Point", "coordinates": [x, y]}


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
RING = {
    "type": "Polygon",
    "coordinates": [
        [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]],
        [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]],
    ],
}


@given(points, points)
def test_distance_is_the_same_both_ways_and_never_more_than_half_round(a: Point, b: Point) -> None:
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert 0 <= distance(a, b) <= 180 * METRES_PER_DEGREE + 1


@given(points, points, st.floats(1, 100_000))
def test_the_box_around_a_point_holds_everything_near(a: Point, b: Point, metres: float) -> None:
    """What the box leaves out is never near: the index may be trusted."""
    south, north, west, east = around(a, metres)
    if distance(a, b) <= metres:
        assert south <= b[1] <= north
        assert west <= b[0] <= east


def test_a_known_distance() -> None:
    """Tokyo station to Shin-Osaka station, about 403 km."""
    assert distance((139.7671, 35.6812), (135.5002, 34.7333)) == pytest.approx(402_900, rel=0.005)


@given(points)
def test_a_point_is_at_no_distance_from_itself(a: Point) -> None:
    assert distance_to(a, point(*a)) == 0


def test_distance_to_a_line_is_to_its_nearest_part() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [10, 0]]}
    assert distance_to((5, 1), line) == pytest.approx(METRES_PER_DEGREE, rel=1e-3)
    assert distance_to((-1, 0), line) == pytest.approx(METRES_PER_DEGREE, rel=1e-3)


def test_inside_a_polygon_there_is_no_distance() -> None:
    assert distance_to((1, 1), SQUARE) == 0
    assert distance_to((3, 1), SQUARE) == pytest.approx(METRES_PER_DEGREE, rel=1e-3)


def test_a_hole_is_outside() -> None:
    assert is_within(point(0.5, 0.5), RING)
    assert not is_within(point(2, 2), RING)
    assert distance_to((2, 2), RING) == pytest.approx(METRES_PER_DEGREE, rel=1e-2)


def test_within_needs_every_point() -> None:
    inside = {"type": "LineString", "coordinates": [[0.5, 0.5], [1.5, 1.5]]}
    across = {"type": "LineString", "coordinates": [[0.5, 0.5], [2.5, 1.5]]}
    assert is_within(inside, SQUARE)
    assert not is_within(across, SQUARE)


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
        {"type": ["Point"], "coordinates": [1, 2]},
    ],
)
def test_what_is_no_geometry(geometry: object) -> None:
    assert not is_sound(geometry)
