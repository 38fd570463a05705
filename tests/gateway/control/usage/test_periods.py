"""Periods are cut by the city's clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.control.usage.kept import HOUR, MINUTE
from gateway.control.usage.periods import STEPS, Impossible, period

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 15, 7, 30, tzinfo=TOKYO)


def cut(back: timedelta, step: Any = None, zone: Any = TOKYO, until: Any = NOW) -> Any:
    return period(until - back, until, step, zone, int(NOW.timestamp()))


@pytest.mark.parametrize(
    ("back", "step", "rows"),
    [
        (timedelta(hours=1), "1m", MINUTE),
        (timedelta(hours=24), "15m", MINUTE),
        (timedelta(days=3), "1h", HOUR),
        (timedelta(days=30), "6h", HOUR),
        (timedelta(days=80), "1d", HOUR),
    ],
)
def test_a_step_that_fits_is_chosen(back: Any, step: Any, rows: Any) -> None:
    found = cut(back)
    assert (found.step, found.rows) == (step, rows)
    assert len(found.starts) <= 121


def test_days_begin_at_the_citys_midnight_also_when_clocks_change() -> None:
    until = datetime(2026, 10, 27, 12, tzinfo=BERLIN)
    found = cut(timedelta(days=3), "1d", BERLIN, until)
    days = [datetime.fromtimestamp(at, BERLIN) for at in found.starts]
    assert [(day.day, day.hour) for day in days] == [(24, 0), (25, 0), (26, 0), (27, 0)]
    assert found.starts[2] - found.starts[1] == 25 * HOUR


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=40)), st.sampled_from([None, *STEPS]))
def test_every_moment_of_it_is_in_one_step(back: Any, step: Any) -> None:
    try:
        found = cut(back, step)
    except Impossible:
        assert step is not None
        return
    first = int((NOW - back).timestamp())
    assert found.starts[0] <= first < found.ends
    assert list(found.starts) == sorted(set(found.starts))
    for moment in (first, found.ends - 1):
        index = found.index(moment)
        assert found.starts[index] <= moment
        assert index + 1 == len(found.starts) or moment < found.starts[index + 1]


@pytest.mark.parametrize(
    ("back", "step", "why"),
    [
        (timedelta(0), None, "after"),
        (timedelta(days=2), "1m", "more than"),
        (timedelta(days=5), "15m", "back 2 days"),
        (timedelta(days=100), "1d", "back 90 days"),
    ],
)
def test_what_cannot_be_is_said(back: Any, step: Any, why: Any) -> None:
    with pytest.raises(Impossible, match=why):
        cut(back, step)
