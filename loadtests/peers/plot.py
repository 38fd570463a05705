"""``results/compare.svg``: the figures of ``compare.json`` as bars, a panel a work.

Works differ a hundredfold, so each panel has a scale of its own, from zero. A black stroke is what
the routing core is to stay left of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

from loadtests.peers import report, works

PLOT = report.HERE / "results" / "compare.svg"
COLOURS = {
    "nginx": "#999999", "nginx + Lua": "#009e73", "supercity": "#d55e00", "Envoy": "#56b4e9",
    "HAProxy": "#cc79a7",
}  # fmt: skip
"""Told apart also by those who see no red or no green (Okabe and Ito)."""
OURS = "supercity"
COLUMNS = 3
_STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "supercity", "font.size": 8, "axes.titlesize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One group of bars: values by candidate, and the bound, if there is one."""

    title: str
    values: dict[str, float]
    bound: float | None = None


def panels(figures: dict[str, Any]) -> Iterator[Panel]:
    """CPU of each work that was measured, then latency at equal rates."""
    for work in works.WORKS:
        values = {
            name: figures["candidates"][name][work.name]["cpu_us"]["median"]
            for name in works.ALL
            if work.name in figures["candidates"].get(name, {})
        }
        if values:
            yield Panel(f"{work.name}: µs of CPU", values, _bound(work.name, values))
    for row, by_name in figures.get("steady", {}).items():
        values = {name: each["p99 ms"]["median"] for name, each in by_name.items()}
        yield Panel(f"p99 in ms, at {row}", values, values.get("Envoy"))


def _bound(work: str, values: dict[str, float]) -> float | None:
    """The least of what the targets allow at this work."""
    times = {
        works.MAIN.name: {"nginx": 1.5, "nginx + Lua": 1.15, "Envoy": 0.4, "HAProxy": 0.5},
        "cacheable open read": {"nginx": 0.8},
    }.get(work, {})
    return min(
        (values[name] * most for name, most in times.items() if name in values), default=None
    )


def draw(figures: dict[str, Any], path: Path = PLOT) -> None:
    """Write the plot."""
    found = list(panels(figures))
    rows = -(-len(found) // COLUMNS)
    with mpl.rc_context(_STYLE):
        figure, grid = plt.subplots(
            rows, COLUMNS, figsize=(10, 1.45 * rows), squeeze=False, layout="constrained"
        )
        for axes, panel in zip(grid.flat, found, strict=False):
            _bars(axes, panel)
        for axes in grid.flat[len(found) :]:
            axes.set_axis_off()
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    path.write_text(re.sub(r"[ \t]+$", "", path.read_text(), flags=re.MULTILINE))


def _bars(axes: Any, panel: Panel) -> None:
    names = [name for name in works.ALL if name in panel.values]
    values = [panel.values[name] for name in names]
    bars = axes.barh(names, values, color=[COLOURS[name] for name in names], height=0.75)
    axes.bar_label(bars, [f"{value:.3g}" if value < 100 else f"{value:.0f}" for value in values],
                   padding=2)  # fmt: skip
    axes.set_title(panel.title, loc="left")
    axes.set_ylim(len(works.ALL) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.15)
    if panel.bound is not None and OURS in names:
        row = names.index(OURS)
        axes.plot([panel.bound] * 2, [row - 0.6, row + 0.6], color="black", linewidth=1.5)
