"""Plots as SVG, drawn by the server: no script, no library, no colours of their own.

Lines and letters are ``currentColor``; a series is a group of class ``plot-1``, ``plot-2``, …, to
which the style sheet gives a colour that fits light and dark. Who sees no colours has dashes and
the order of the legend; who sees nothing has a title, a description, and the numbers as a table.

Example:
    ``line([Series("p50", values)], name="latency", title="Latency", times=times, zone=zone,
    language="ja", unit="ms")``
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import pairwise

from markupsafe import Markup

from gateway.control.pages.axes import usable, value_ticks
from gateway.control.pages.plot_frame import (
    LEFT,
    RIGHT,
    Plot,
    Series,
    dash,
    figure,
    group,
    joined,
)

__all__ = ["Series", "bars", "line"]


def line(
    series: Sequence[Series],
    *,
    name: str,
    title: str,
    times: Sequence[float],
    zone: tzinfo,
    language: str,
    unit: str = "",
) -> Markup:
    """Lines over time.

    Args:
        series: up to six; each with one value for each of ``times``.
        name: of the figure, unlike any other's on the page: letters, digits, ``-``.
        times: seconds since the epoch, ascending.
        zone: whose clocks are shown.
        language: ``ja`` or ``en``.
        unit: is put behind each number, such as ``ms``.

    Raises:
        ValueError: a series has another number of values than there are times.
    """
    series = _cleaned(series, times)
    values = [value for one in series for value in one.values if value is not None]
    ticks = value_ticks(min(values, default=0.0), max(values, default=0.0))
    ends = times[-1] if times else 0.0
    plot = Plot(name, title, times, series, zone, language, unit, ends, ticks, dashed=True)
    return figure(plot, _lines(plot))


def bars(
    series: Sequence[Series],
    *,
    name: str,
    title: str,
    times: Sequence[float],
    zone: tzinfo,
    language: str,
    unit: str = "",
) -> Markup:
    """Bars over time, the series stacked; each time is where its bar begins. See :func:`line`.

    What is below nothing cannot be stacked, and counts as nothing.
    """
    positive = [
        Series(one.name, [None if value is None else max(0.0, value) for value in one.values])
        for one in _cleaned(series, times)
    ]
    sums = [sum(value or 0.0 for value in column) for column in _columns(positive, times)]
    step = min((after - before for before, after in pairwise(times)), default=60.0)
    ends = times[-1] + step if times else 0.0
    ticks = value_ticks(0.0, max(sums, default=0.0))
    plot = Plot(name, title, times, positive, zone, language, unit, ends, ticks, dashed=False)
    return figure(plot, _stacks(plot, step))


def _cleaned(series: Sequence[Series], times: Sequence[float]) -> list[Series]:
    if any(len(one.values) != len(times) for one in series):
        raise ValueError("a series has one value for each time")
    return [Series(one.name, [usable(value) for value in one.values]) for one in series]


def _columns(series: Sequence[Series], times: Sequence[float]) -> Iterator[list[float | None]]:
    for index in range(len(times)):
        yield [one.values[index] for one in series]


def _lines(plot: Plot) -> Markup:
    return joined(
        Markup(
            '<path class="{group}" d="{path}" stroke="currentColor" stroke-width="2" '
            'stroke-linejoin="round" stroke-linecap="round"{dash}/>'
        ).format(group=group(index), path=_path(plot, one), dash=dash(index))
        for index, one in enumerate(plot.series)
    )


def _path(plot: Plot, one: Series) -> str:
    """Unbroken where values are known; a value alone is a dot."""
    parts: list[str] = []
    pen = False
    for at, value in zip(plot.times, one.values, strict=True):
        if value is not None:
            place = f"{plot.x(at):.1f} {plot.y(value):.1f}"
            parts.append(f"L{place}" if pen else f"M{place}h0")
        pen = value is not None
    return "".join(parts)


def _stacks(plot: Plot, step: float) -> Markup:
    """One path a series: each bar a rectangle on those below it."""
    width = max(0.5, (RIGHT - LEFT) * step / plot.span * 0.8)
    base = [0.0] * len(plot.times)
    found = []
    for index, one in enumerate(plot.series):
        parts = []
        for column, (at, value) in enumerate(zip(plot.times, one.values, strict=True)):
            if value:
                low, high = plot.y(base[column]), plot.y(base[column] + value)
                x = plot.x(at) + width * 0.125
                parts.append(f"M{x:.1f} {low:.1f}V{high:.1f}h{width:.1f}V{low:.1f}z")
                base[column] += value
        found.append(
            Markup('<path class="{}" d="{}" fill="currentColor"/>').format(
                group(index), "".join(parts)
            )
        )
    return joined(found)
