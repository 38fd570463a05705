from __future__ import annotations

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evacuation.geometry import Patch, haversine

SQUARE = Patch(((139.0, 36.0), (139.1, 36.0), (139.1, 36.1), (139.0, 36.1), (139.0, 36.0)))
points = st.tuples(st.floats(139.5, 140.0), st.floats(36.0, 37.0))


def test_a_degree_of_latitude_is_sixty_nautical_miles() -> None:
    # by definition of the nautical mile, within the mean radius's half per cent
    assert haversine((140, 36), (140, 37)) == pytest.approx(60 * 1852, rel=0.005)


def test_a_degree_of_longitude_shrinks_with_the_cosine_of_the_latitude() -> None:
    at_equator = haversine((0, 0), (1, 0))
    assert haversine((139, 36), (140, 36)) == pytest.approx(at_equator * cos(radians(36)), rel=1e-4)


@given(points, points, points)
def test_distance_is_a_metric(a: tuple[float, float], b: tuple[float, float], c: object) -> None:
    assert haversine(a, b) == pytest.approx(haversine(b, a))
    assert haversine(a, a) == 0
    assert isinstance(c, tuple)
    assert haversine(a, c) <= haversine(a, b) + haversine(b, c) + 1e-6


def test_the_centre_of_a_square_is_its_middle_closed_or_not() -> None:
    for patch in (SQUARE, Patch(SQUARE.ring[:-1])):
        assert patch.centre == pytest.approx((139.05, 36.05))


def test_the_centre_is_of_the_area_not_of_the_corners() -> None:
    crowded = Patch((*SQUARE.ring[:1], (139.0001, 36.0), (139.0002, 36.0), *SQUARE.ring[1:]))
    assert crowded.centre == pytest.approx((139.05, 36.05))


@pytest.mark.parametrize(
    ("point", "inside"),
    [((139.05, 36.05), True), ((139.15, 36.05), False), ((139.05, 35.99), False)],
)
def test_what_a_patch_contains(point: tuple[float, float], inside: bool) -> None:
    assert SQUARE.contains(point) is inside


def test_a_notch_is_not_inside() -> None:
    u = Patch(((0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)))
    assert not u.contains((1.5, 2))
    assert u.contains((0.5, 2))


def test_distance_to_a_patch_is_to_its_nearest_side() -> None:
    assert SQUARE.distance((139.05, 36.05)) == 0
    north = haversine((139.05, 36.1), (139.05, 36.11))
    assert SQUARE.distance((139.05, 36.11)) == pytest.approx(north, rel=1e-3)


@given(points, st.floats(10, 20_000))
def test_a_circle_is_as_wide_as_told(centre: tuple[float, float], radius: float) -> None:
    circle = Patch.circle(centre, radius)
    assert circle.radius == pytest.approx(radius, rel=0.01)
    assert circle.contains(centre)
    beyond = (centre[0], centre[1] + radius * 1.2 / 111_195)
    assert not circle.contains(beyond)
