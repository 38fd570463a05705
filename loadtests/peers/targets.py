"""What the routing core is to reach beside its peers, and whether it did: the last table.

Each target reads one value out of ``compare.json``; what was not measured is said to be so.
``python -m loadtests.peers.targets`` prints the table again from the file, and draws the plot.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from loadtests.peers import plot, report, works
from loadtests.peers.plot import OURS
from loadtests.peers.steady import PARTS

Figures = dict[str, Any]
UNMEASURED = "not measured in this run"


@dataclass(frozen=True)
class Target:
    """One bound on one value.

    Attributes:
        read: the value in the figures; raises KeyError where it was not measured.
        most: whether the bound is the most it may be, else the least.
    """

    what: str
    bound: float
    read: Callable[[Figures], float]
    unit: str = ""
    most: bool = True

    def row(self, figures: Figures) -> str:
        sign = "≤" if self.most else "≥"
        try:
            value = self.read(figures)
        except (KeyError, StopIteration):
            found, verdict = "", UNMEASURED
        else:
            found = f"{value:.2f}{self.unit}"
            verdict = "met" if self.holds(value) else "**not met**"
        return f"| {self.what} | {sign} {self.bound:g}{self.unit} | {found} | {verdict} |"

    def holds(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound


def _median(figures: Figures, name: str, work: str, figure: str) -> float:
    return float(figures["candidates"][name][work][figure]["median"])


def _ratio(
    peer: str, work: str = works.MAIN.name, figure: str = "cpu_us"
) -> Callable[[Figures], float]:
    """Our median over that of ``peer``, at the same work."""

    def read(figures: Figures) -> float:
        return _median(figures, OURS, work, figure) / _median(figures, peer, work, figure)

    return read


def _over_open(work: works.Work) -> Callable[[Figures], float]:
    """Our CPU at ``work`` over that of an open read, which is as much of the upstream's."""

    def read(figures: Figures) -> float:
        return _median(figures, OURS, work.name, "cpu_us") / _median(
            figures, OURS, works.OPEN.name, "cpu_us"
        )

    return read


def _steady(part: str) -> Callable[[Figures], float]:
    """Our p99 over Envoy's at one of the equal rates."""

    def read(figures: Figures) -> float:
        row = next(each for name, each in figures["steady"].items() if name.startswith(part + " "))
        return float(row[OURS]["p99 ms"]["median"] / row["Envoy"]["p99 ms"]["median"])

    return read


def _worst_growth(figures: Figures) -> float:
    ours = figures["large"]["candidates"][OURS]
    return float(max(ours[name]["max"] for name in ours if name.startswith("MB more")))


def _lookup(figures: Figures) -> float:
    stages = figures["stages"]
    return float(stages["route, of 10,000"]["median"] / stages["route, of 10"]["median"])


def _pause(figures: Figures) -> float:
    (swap,) = figures["swap"].values()
    return float(swap["longest pause, ms of CPU"]["median"])


def _idle(figures: Figures) -> float:
    return float(figures["held"]["candidates"][OURS]["KB an idle connection"]["median"])


def _targets() -> Iterator[Target]:
    yield Target("authenticated read, CPU to nginx that only proxies", 1.5, _ratio("nginx"))
    yield Target("… to nginx + Lua", 1.15, _ratio("nginx + Lua"))
    yield Target("… to Envoy with its JWT cache", 0.4, _ratio("Envoy"))
    yield Target("… to HAProxy, ES256", 0.5, _ratio("HAProxy"))
    for part in PARTS:
        yield Target(f"p99 to Envoy's, at {part} of Envoy's most", 1, _steady(part))
    kept = _ratio("nginx", "cacheable open read")
    yield Target("cacheable open read, CPU to nginx that only proxies", 0.8, kept)
    yield Target(f"{works.PERSONAL.name}, CPU to an open read", 2, _over_open(works.PERSONAL))
    yield Target("… ES256 proof", 2, _over_open(works.PERSONAL_ES256))
    for name in ("1 MB answers", "POST 1 MB"):
        yield Target(f"{name}, throughput to nginx'", 0.7, _ratio("nginx", name, "rps"), most=False)
    yield Target("memory that a body of 2 GB takes", 64, _worst_growth, " MB")
    yield Target("look-up among 10,000 routes to one among 10", 1.25, _lookup)
    yield Target("longest pause while a large policy changes, of CPU", 5, _pause, " ms")
    yield Target("memory of an idle connection", 12, _idle, " KB")


TARGETS = tuple(_targets())


def table(figures: Figures, *, all_of_them: bool = True) -> str:
    """The targets as Markdown; without ``all_of_them``, those that were measured."""
    rows = [target.row(figures) for target in TARGETS]
    shown = [row for row in rows if all_of_them or UNMEASURED not in row]
    return "\n".join(["| target | bound | measured | |", "|---|---|---|---|", *shown])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers.targets", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="publish the table and the plot")
    options = parser.parse_args()
    figures = orjson.loads(report.FIGURES.read_bytes())
    text = table(figures)
    print(f"\n{text}")
    if options.keep:
        report.put("targets", text)
        plot.draw(figures)
        print(f"drawn: {plot.PLOT}")


if __name__ == "__main__":
    main()
