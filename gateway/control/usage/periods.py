"""Stretches of time that usage is asked for, cut into steps by the city's clocks. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal, get_args

from gateway.control.usage.kept import HOUR, KEPT, MINUTE, Step

StepName = Literal["1m", "5m", "15m", "1h", "6h", "1d"]
STEPS: Final = get_args(StepName)
_SECONDS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "6h": 21_600}
MOST: Final = 800
"""Steps of one answer."""
_FINE: Final = 120
"""About so many are chosen by itself, at most."""


class Impossible(ValueError):
    """Nothing can be said of such a period; the message says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first of ``starts`` until ``ends``, in seconds since the epoch.

    Attributes:
        starts: where each step begins.
        rows: which of the kept rows it is made of.
    """

    step: StepName
    starts: Sequence[int]
    ends: int
    rows: Step

    def index(self, moment: int) -> int:
        """The step that ``moment`` is in."""
        return bisect_right(self.starts, moment) - 1


def period(
    first: datetime, until: datetime, step: StepName | None, zone: tzinfo, now: int
) -> Period:
    """The period in steps; the first begins at or before ``first``.

    Args:
        step: one that fits is chosen if it is None.
        zone: in whose clocks steps begin; days have 23 or 25 hours now and then.

    Raises:
        Impossible: it has no end after its beginning, or too many steps, or goes further back than
            anything is kept in such steps.
    """
    begin, end = int(first.timestamp()), int(until.timestamp())
    if end <= begin:
        raise Impossible("`to` must be after `from`.")
    step = step or _fitting(begin, end, now)
    starts = _starts(begin, end, step, zone)
    rows: Step = MINUTE if _SECONDS.get(step, HOUR) < HOUR else HOUR
    if begin < now - KEPT[rows] - HOUR:
        raise Impossible(
            f"Steps of {step} go back {KEPT[rows] // HOUR // 24} days; later days, or a longer "
            "step, can be had."
        )
    return Period(step, starts, end, rows)


def _fitting(begin: int, end: int, now: int) -> StepName:
    recent = begin >= now - KEPT[MINUTE]
    for step, seconds in _SECONDS.items():
        if (end - begin) / seconds <= _FINE and (recent or seconds >= HOUR):
            return step  # type: ignore[return-value]
    return "1d"


def _starts(begin: int, end: int, step: StepName, zone: tzinfo) -> list[int]:
    if step == "1d":
        return _days(begin, end, zone)
    seconds = _SECONDS[step]
    if (end - begin) / seconds > MOST:
        raise Impossible(f"That is more than {MOST} steps of {step}.")
    midnight = _days(begin, begin + 1, zone)[0]
    first = midnight + (begin - midnight) // seconds * seconds
    return list(range(first, end, seconds))


def _days(begin: int, end: int, zone: tzinfo) -> list[int]:
    if (end - begin) / 86_400 > MOST:
        raise Impossible(f"That is more than {MOST} days.")
    day = datetime.fromtimestamp(begin, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while int(day.timestamp()) < end:
        found.append(int(day.timestamp()))
        day += timedelta(days=1)
    return found
