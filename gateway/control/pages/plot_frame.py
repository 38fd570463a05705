"""What plots have around their marks: title, legend, axes, hints, and the numbers as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from gateway.control.pages.axes import short, time_ticks

WIDTH, HEIGHT = 400, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 392, 10, 176
"""The box that marks are drawn in, in the units of the view box: about a telephone's pixels."""
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "1 4", "12 4")
_HINTS: Final = 150
"""Columns up to which each says its values when pointed at."""
_COLOURS: Final = 6

TEXTS: Final = {
    "ja": {
        "table": "表で見る",
        "time": "時刻",
        "none": "この期間のデータはありません",
        "unknown": "—",
        "about": "{title}。{first} から {last} まで。最大 {most}。",
        "empty": "{title}。この期間のデータはありません。",
    },
    "en": {
        "table": "As a table",
        "time": "Time",
        "none": "No data in this period",
        "unknown": "—",
        "about": "{title}, from {first} to {last}. At most {most}.",
        "empty": "{title}. No data in this period.",
    },
}


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each time; None where nothing is known, which leaves a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn, with all that is not a number made a gap.

    Attributes:
        ends: where the axis of time does; ``ticks``: the marks of the other.
        dashed: lines, told apart by their dashes.
    """

    name: str
    title: str
    times: Sequence[float]
    series: Sequence[Series]
    zone: tzinfo
    language: str
    unit: str
    ends: float
    ticks: Sequence[float]
    dashed: bool

    @property
    def texts(self) -> dict[str, str]:
        return TEXTS.get(self.language) or TEXTS["ja"]

    @property
    def first(self) -> float:
        return self.times[0] if self.times else 0.0

    @property
    def span(self) -> float:
        return max(1.0, self.ends - self.first)

    @property
    def is_empty(self) -> bool:
        return all(value is None for one in self.series for value in one.values)

    def x(self, at: float) -> float:
        return LEFT + (at - self.first) / self.span * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    def said(self, value: float | None) -> str:
        return self.texts["unknown"] if value is None else f"{short(value)}{self.unit}"

    def moment(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self.zone):%Y-%m-%d %H:%M}"


def figure(plot: Plot, marks: Markup) -> Markup:
    return Markup(
        '<figure class="plot" id="{name}"><figcaption>{title}</figcaption>{legend}'
        '<svg role="img" viewBox="0 0 {width} {height}" aria-labelledby="{name}-t {name}-d"'
        ' fill="none" stroke="none" font-size="11"><title id="{name}-t">{title}</title>'
        '<desc id="{name}-d">{about}</desc>{axes}{marks}{hints}</svg>{table}</figure>'
    ).format(
        name=plot.name,
        title=plot.title,
        legend=_legend(plot),
        width=WIDTH,
        height=HEIGHT,
        about=_about(plot),
        axes=_axes(plot),
        marks=marks,
        hints=_hints(plot),
        table=_table(plot),
    )


def _about(plot: Plot) -> str:
    if plot.is_empty:
        return plot.texts["empty"].format(title=plot.title)
    return plot.texts["about"].format(
        title=plot.title,
        first=plot.moment(plot.times[0]),
        last=plot.moment(plot.times[-1]),
        most=", ".join(
            f"{one.name} {plot.said(max((v for v in one.values if v is not None), default=None))}"
            for one in plot.series
        ),
    )


def _legend(plot: Plot) -> Markup:
    if len(plot.series) < 2:
        return Markup("")
    items = joined(
        Markup(
            '<li><svg class="{group}" viewBox="0 0 24 10" width="24" height="10" '
            'aria-hidden="true"><path d="M1 5H23" stroke="currentColor" stroke-width="{width}"'
            "{dash}/></svg> {name}</li>"
        ).format(
            group=group(index),
            width="2" if plot.dashed else "8",
            dash=dash(index) if plot.dashed else "",
            name=one.name,
        )
        for index, one in enumerate(plot.series)
    )
    return Markup('<ul class="legend">{}</ul>').format(items)


def _axes(plot: Plot) -> Markup:
    levels = joined(
        Markup(
            '<path d="M{left} {y:.1f}H{right}" stroke="currentColor" opacity="{faint}"/>'
            '<text x="{at}" y="{base:.1f}" text-anchor="end" fill="currentColor">{text}</text>'
        ).format(
            left=LEFT,
            right=RIGHT,
            y=plot.y(tick),
            faint="0.6" if tick == 0 else "0.15",
            at=LEFT - 5,
            base=plot.y(tick) + 4,
            text=short(tick),
        )
        for tick in plot.ticks
    )
    if not plot.times or plot.is_empty:
        nothing = Markup(
            '<text x="{}" y="{}" text-anchor="middle" fill="currentColor">{}</text>'
        ).format((LEFT + RIGHT) // 2, (TOP + BOTTOM) // 2, plot.texts["none"])
        return levels + nothing
    moments = joined(
        Markup(
            '<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="currentColor">{text}</text>'
        ).format(x=max(LEFT + 10.0, min(RIGHT - 14.0, plot.x(at))), y=BOTTOM + 16, text=text)
        for at, text in time_ticks(plot.times[0], plot.ends, plot.zone)
    )
    return levels + moments


def _hints(plot: Plot) -> Markup:
    """What each time's values are, shown by browsers to those who point at it."""
    if not 0 < len(plot.times) <= _HINTS or plot.is_empty:
        return Markup("")
    edges = _edges(plot)
    return joined(
        Markup(
            '<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="{height}" '
            'pointer-events="all"><title>{text}</title></rect>'
        ).format(
            x=edges[index],
            top=TOP,
            width=max(0.0, edges[index + 1] - edges[index]),
            height=BOTTOM - TOP,
            text=f"{plot.moment(at)[5:]} "
            + ", ".join(f"{one.name} {plot.said(one.values[index])}" for one in plot.series),
        )
        for index, at in enumerate(plot.times)
        if any(one.values[index] is not None for one in plot.series)
    )


def _edges(plot: Plot) -> list[float]:
    """Where columns end: a bar's at the next one, a point's half-way to it."""
    at = [plot.x(moment) for moment in plot.times]
    if plot.dashed:
        return [LEFT, *((one + other) / 2 for one, other in pairwise(at)), RIGHT]
    return [*at, RIGHT]


def _table(plot: Plot) -> Markup:
    head = joined(Markup('<th scope="col">{}</th>').format(one.name) for one in plot.series)
    rows = joined(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            plot.moment(at),
            joined(
                Markup("<td>{}</td>").format(plot.said(one.values[index])) for one in plot.series
            ),
        )
        for index, at in enumerate(plot.times)
        if any(one.values[index] is not None for one in plot.series)
    )
    return Markup(
        '<details><summary>{}</summary><div class="scroll" tabindex="0" role="region" '
        'aria-label="{}"><table><thead><tr><th scope="col">{}</th>{}</tr></thead>'
        "<tbody>{}</tbody></table></div></details>"
    ).format(plot.texts["table"], plot.title, plot.texts["time"], head, rows)


def group(index: int) -> str:
    return f"plot-{index % _COLOURS + 1}"


def dash(index: int) -> Markup:
    pattern = _DASHES[index % len(_DASHES)]
    return Markup(' stroke-dasharray="{}"').format(pattern) if pattern else Markup("")


def joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
