"""Counts are added up without loss, and written short."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.usage.counts import KINDS, Counts, total
from schemas.usage import LATENCY_BOUNDS

BUCKETS = len(LATENCY_BOUNDS) + 1
NUMBERS = st.integers(0, 10**6)
COUNTS = st.builds(
    Counts,
    st.lists(NUMBERS, max_size=6),
    st.lists(NUMBERS, max_size=BUCKETS),
    st.dictionaries(st.sampled_from(["http-404", "timeout", "connect"]), st.integers(1, 99)),
    NUMBERS,
    NUMBERS,
)


def of(durations: list[float]) -> Counts:
    found = Counts([], [0] * BUCKETS)
    for seconds in durations:
        found.latency[bisect_left(LATENCY_BOUNDS, seconds)] += 1
    return found


@given(COUNTS)
def test_what_was_written_is_read(counts: Counts) -> None:
    read = Counts.read(counts.written())
    assert read.written() == counts.written()
    assert (read.requests, read.failed, read.errors) == (
        counts.requests, counts.failed, counts.errors,
    )  # fmt: skip


@given(st.lists(COUNTS, max_size=5))
def test_sums_are_sums(parts: list[Counts]) -> None:
    whole = total(parts)
    assert whole.requests == sum(part.requests for part in parts)
    assert whole.failed == sum(part.failed for part in parts)
    assert sum(whole.latency) == sum(sum(part.latency) for part in parts)
    assert sum(whole.errors.values()) == sum(sum(part.errors.values()) for part in parts)
    assert whole.spent == sum(part.spent for part in parts)


def test_kinds_of_errors_are_bounded() -> None:
    whole = total(Counts(errors={f"kind-{number}": 1}) for number in range(KINDS + 20))
    assert len(whole.errors) == KINDS + 1
    assert whole.errors["other"] == 20


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_quantile_is_in_the_bucket_of_the_true_one(durations: list[float], part: float) -> None:
    found = of(durations).quantile(part)
    assert found is not None
    rank = next(n for n in range(1, len(durations) + 1) if n >= part * len(durations))
    true = sorted(durations)[rank - 1]
    at_most = LATENCY_BOUNDS[min(bisect_left(LATENCY_BOUNDS, true), len(LATENCY_BOUNDS) - 1)]
    assert found <= at_most + 1e-9
    lower = bisect_left(LATENCY_BOUNDS, true)
    assert found >= (LATENCY_BOUNDS[lower - 1] if lower else 0.0) - 1e-9


@pytest.mark.parametrize(
    ("durations", "part", "expected"),
    [([], 0.5, None), ([0.015] * 10, 0.5, 0.0175), ([60.0], 0.5, 10.0), ([0.0001], 1, 0.0005)],
)
def test_quantiles(durations: list[float], part: float, expected: float | None) -> None:
    assert of(durations).quantile(part) == pytest.approx(expected)
