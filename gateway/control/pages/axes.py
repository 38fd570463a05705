"""Axes for plots: round numbers and round times, whatever the data. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from math import ceil, floor, isfinite, log10
from typing import Final

MOST: Final = 1e15
"""Values beyond it, either way, are drawn as this: nothing that a city counts is larger."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)
"""Seconds between two marks of time."""
_SUFFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def usable(value: float | None) -> float | None:
    """A number that can be drawn; None where there is none: missing, NaN, infinite."""
    if value is None or not isfinite(value):
        return None
    return max(-MOST, min(MOST, float(value)))


def value_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart), the outermost at or beyond the data.

    Args:
        low, high: the least and the greatest value; 0 is always on the axis.
        most: about so many.
    """
    low, high = min(0.0, low), max(0.0, high)
    if high - low < 1e-9:
        return [0.0, 1.0]
    step = _round_step((high - low) / max(1, most - 1))
    first, last = floor(low / step), ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _round_step(rough: float) -> float:
    power = 10.0 ** floor(log10(rough))
    for factor in (1.0, 2.0, 5.0):
        if rough <= factor * power * (1 + 1e-9):
            return factor * power
    return 10.0 * power


def time_ticks(first: float, last: float, zone: tzinfo, most: int = 6) -> list[tuple[float, str]]:
    """Round times as the city's clocks show them, within the span, with their labels.

    Args:
        first, last: seconds since the epoch.
    """
    span = max(1.0, last - first)
    step = next((step for step in _STEPS if span / step <= most), _STEPS[-1])
    label = _label_of(step)
    found = [
        (at, label(datetime.fromtimestamp(at, zone))) for at in _round(first, step, zone, last)
    ]
    return found[:: max(1, ceil(len(found) / (2 * most)))]


def _round(first: float, step: int, zone: tzinfo, last: float) -> Iterator[float]:
    """Counted from a local midnight, so that marks stand at whole hours and days of the city."""
    start = datetime.fromtimestamp(first, zone)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    days = max(1, step // _DAY)
    while midnight.timestamp() <= last:
        at = midnight.timestamp()
        end = min(last + 1, (midnight + timedelta(days=1)).timestamp()) if step < _DAY else at + 1
        at += max(0, ceil((first - at) / step)) * step if step < _DAY else 0
        while at < end:
            if first <= at <= last:
                yield at
            at += step
        midnight += timedelta(days=days)


def _label_of(step: int) -> Callable[[datetime], str]:
    if step < _MINUTE:
        return lambda at: f"{at:%H:%M:%S}"
    if step < _DAY:
        return lambda at: f"{at:%H:%M}" if at.hour or at.minute else f"{at.month}/{at.day}"
    return lambda at: f"{at.month}/{at.day}"


def short(value: float) -> str:
    """A number in few characters: ``0``, ``0.25``, ``950``, ``1.2k``, ``34M``."""
    size = abs(value)
    for bound, suffix in _SUFFIXES:
        if size >= bound * 0.9995:
            return _digits(value / bound) + suffix
    return _digits(value)


def _digits(value: float) -> str:
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if "e" in text and abs(value) >= 1 else text
