"""Plots can be drawn of any data, and read without seeing them."""

from __future__ import annotations

import re
from datetime import datetime
from math import inf, nan
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.pages.axes import short, time_ticks, value_ticks
from gateway.control.pages.plots import Series, bars, line

ZONE = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 24, 12, tzinfo=ZONE).timestamp()

VALUES = st.one_of(st.none(), st.floats(), st.integers(-(10**18), 10**18))
TIMES = st.lists(st.integers(0, 4 * 10**9), max_size=40, unique=True).map(sorted)


def drawn(draw: Any, series: Any, times: Any, **changes: Any) -> Any:
    said = {"name": "p", "title": "Requests", "zone": ZONE, "language": "en", **changes}
    return draw(series, times=times, **said)


def parsed(figure: Any) -> ElementTree.Element:
    return ElementTree.fromstring(str(figure))  # noqa: S314 - our own


def numbers(figure: Any) -> list[float]:
    """Every coordinate of every mark."""
    paths = [e.get("d", "") for e in parsed(figure).iter("path")]
    attributes = [
        value
        for element in parsed(figure).iter()
        for name, value in element.items()
        if name in ("x", "y", "width", "height", "viewBox")
    ]
    return [
        float(n) for text in paths + attributes for n in re.findall(r"[-\d.]+(?:e[-+]?\d+)?", text)
    ]


@pytest.mark.parametrize("draw", [line, bars])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), times=TIMES, names=st.lists(st.text('ab<&"あ', max_size=9), max_size=7))
def test_any_data_stays_inside_the_picture(draw: Any, data: Any, times: Any, names: Any) -> None:
    values = st.lists(VALUES, min_size=len(times), max_size=len(times))
    figure = drawn(draw, [Series(name, data.draw(values)) for name in names], times)
    assert "nan" not in str(figure)
    assert "inf" not in str(figure)
    assert all(-10 <= number <= 410 for number in numbers(figure))


@pytest.mark.parametrize("draw", [line, bars])
def test_it_is_a_picture_with_a_name_and_the_numbers_as_a_table(draw: Any) -> None:
    figure = parsed(drawn(draw, [Series("ok", [3, 1200.0])], [NOON, NOON + 60], unit=" ms"))
    svg = figure.find("svg")
    assert svg is not None
    assert svg.get("role") == "img"
    said = {e.get("id"): e.text for e in svg if e.get("id")}
    assert svg.get("aria-labelledby", "").split() == list(said)
    assert said["p-t"] == "Requests"
    assert said["p-d"] == (
        "Requests, from 2026-11-24 12:00 to 2026-11-24 12:01. At most ok 1.2k ms."
    )
    rows = [["".join(cell.itertext()) for cell in row] for row in figure.iter("tr")]
    assert rows == [
        ["Time", "ok"],
        ["2026-11-24 12:00", "3 ms"],
        ["2026-11-24 12:01", "1.2k ms"],
    ]


@pytest.mark.parametrize("draw", [line, bars])
def test_names_cannot_break_out(draw: Any) -> None:
    evil = '"><script>alert(1)</script>'
    figure = drawn(draw, [Series(evil, [1]), Series("b", [2])], [NOON], title=evil, unit=evil)
    assert "<script" not in figure
    parsed(figure)


@pytest.mark.parametrize("draw", [line, bars])
@pytest.mark.parametrize("values", [[], [None, None], [nan, inf]])
def test_without_data_it_says_so(draw: Any, values: Any) -> None:
    figure = drawn(draw, [Series("a", values)], [NOON, NOON + 60][: len(values)])
    assert str(figure).count("No data in this period") == 2  # seen, and heard


def test_a_gap_breaks_the_line_and_a_lonely_value_is_a_dot() -> None:
    figure = drawn(line, [Series("a", [1, 2, None, 3])], [NOON + 60 * n for n in range(4)])
    (path,) = (e.get("d", "") for e in parsed(figure).iter("path") if e.get("class") == "s1")
    assert len(re.findall("M", path)) == 2
    assert path.endswith("h0")


def test_bars_stand_on_those_below_them() -> None:
    figure = drawn(bars, [Series("a", [1]), Series("b", [3])], [NOON])
    low, high = (
        [float(n) for n in re.findall(r"[\d.]+", e.get("d", ""))]
        for e in parsed(figure).iter("path")
        if e.get("class") and e.get("fill")
    )
    assert high[1] == low[2]  # the foot of b is the top of a
    assert high[1] - high[2] == pytest.approx(3 * (low[1] - low[2]), abs=0.2)


def test_a_series_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one value for each time"):
        drawn(line, [Series("a", [1])], [])


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_ticks_are_few_and_hold_the_data(one: Any, other: Any) -> None:
    low, high = sorted((one, other))
    ticks = value_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    slack = 1e-8 * max(1.0, abs(low), abs(high))
    assert ticks[0] <= low + slack
    assert high - slack <= ticks[-1]
    assert 0.0 in ticks


@pytest.mark.parametrize(
    ("high", "expected"),
    [(0, [0, 1]), (7, [0, 2, 4, 6, 8]), (0.3, [0, 0.1, 0.2, 0.3]), (950, [0, 500, 1000])],
)
def test_ticks_are_round(high: Any, expected: Any) -> None:
    assert value_ticks(0, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3_600, ["12:00", "12:10", "12:20", "12:30", "12:40", "12:50", "13:00"]),
        (86_400, ["12:00", "18:00", "11/25", "06:00", "12:00"]),
        (30 * 86_400, ["12/1", "12/8", "12/15", "12/22"]),
        (20, ["12:00:00", "12:00:05", "12:00:10", "12:00:15", "12:00:20"]),
    ],
)
def test_times_are_round_in_the_citys_time(seconds: Any, expected: Any) -> None:
    labels = [label for _, label in time_ticks(NOON, NOON + seconds, ZONE)]
    assert labels == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4 * 10**9), st.integers(0, 40 * 365 * 86_400))
def test_times_are_few_and_within(first: Any, span: Any) -> None:
    ticks = time_ticks(first, first + span, ZONE)
    assert len(ticks) <= 12
    assert all(first <= at <= first + span for at, _ in ticks)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.25, "0.25"), (950, "950"), (999.9, "1k"), (1234, "1.23k"), (34e6, "34M"),
     (-1500, "-1.5k"), (0.1 + 0.2, "0.3"), (999, "999"), (1e15, "1000T")],
)  # fmt: skip
def test_numbers_are_short(value: Any, expected: Any) -> None:
    assert short(value) == expected
