"""Counters to rates, buckets to quantiles, looks to minutes."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.live.exposition import Reading
from gateway.control.live.increments import Increments
from gateway.control.live.quantiles import quantile
from gateway.control.live.rings import MINUTES, Rings

KEY = ("answers", "mobility", "2xx")


def reading(**series: float) -> Reading:
    return Reading(counts={name: ((KEY,), value) for name, value in series.items()})


def test_what_was_counted_before_the_first_look_is_nobodys_news() -> None:
    assert Increments().of(reading(a=1000)) == {}


def test_a_series_that_appears_has_begun_at_nothing() -> None:
    increments = Increments()
    increments.of(reading(a=10))
    assert increments.of(reading(a=12, b=3)) == {KEY: 5}


def test_a_counter_that_went_back_is_that_of_a_new_process() -> None:
    increments = Increments()
    increments.of(reading(a=1000))
    assert increments.of(reading(a=7)) == {KEY: 7}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30))
def test_all_that_is_counted_between_looks_is_counted_once_whatever_restarts(
    steps: list[tuple[int, bool]],
) -> None:
    """A restart loses what came since the look before it: it is never counted twice."""
    increments, value, expected, found = Increments(), 100.0, 0.0, 0.0
    increments.of(reading(a=value))
    for grown, restarts in steps:
        before = value
        value = grown if restarts else value + grown
        # a process that has counted beyond its predecessor cannot be told from it
        expected += value - before if value >= before else value
        found += increments.of(reading(a=value)).get(KEY, 0.0)
    assert found == expected


BOUNDS = (0.01, 0.1, 1.0, inf)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 5, allow_nan=False), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_a_quantile_lies_in_the_bucket_that_it_should(values: list[float], q: float) -> None:
    below = {bound: float(sum(v <= bound for v in values)) for bound in BOUNDS}
    exact = sorted(values)[
        min(len(values) - 1, max(0, -(-int(q * len(values) * 1e9) // 10**9) - 1))
    ]
    found = quantile(q, below)
    assert found is not None
    assert abs(bisect_left(BOUNDS, found) - bisect_left(BOUNDS, exact)) <= 1
    assert quantile(min(0.999, q + 0.001), below) >= found  # type: ignore[operator]


def test_nothing_observed_has_no_quantile() -> None:
    assert quantile(0.5, {}) is None
    assert quantile(0.5, dict.fromkeys(BOUNDS, 0.0)) is None


def test_what_is_beyond_the_last_bound_is_told_as_that_bound() -> None:
    assert quantile(0.95, {0.1: 0.0, 1.0: 0.0, inf: 10.0}) == 1.0


def test_rates_are_right_however_often_was_looked() -> None:
    for seconds in (2.0, 15.0):
        rings, at = Rings(), 1000.0
        for _ in range(20):
            at += seconds
            rings.add(at, seconds, {KEY: 3 * seconds})
        span = rings.lately(at)
        assert span.counts[KEY] / span.seconds == pytest.approx(3)
        assert span.seconds <= 60


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.5, 300), min_size=1, max_size=120))
def test_an_hour_has_no_more_than_its_minutes_and_loses_nothing_of_them(gaps: list[float]) -> None:
    rings, at = Rings(), 0.0
    for gap in gaps:
        at += gap
        rings.add(at, gap, {KEY: 1.0})
    hour = rings.hour()
    assert len(hour) <= MINUTES
    assert [span.at for span in hour] == sorted({span.at for span in hour})
    assert all(late.at - early.at == 60 for early, late in pairwise(hour))
    if at < 60 * (MINUTES - 1):
        assert sum(span.counts.get(KEY, 0.0) for span in hour) == len(gaps)


def test_a_minute_in_which_nobody_looked_is_there_and_empty() -> None:
    rings = Rings()
    rings.add(30, 2, {KEY: 1})
    rings.add(200, 2, {KEY: 1})
    assert [span.seconds for span in rings.hour()] == [2, 0, 0, 2]
