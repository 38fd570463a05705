"""The last table of the comparison says of each target whether it is met, and never guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests.peers import plot, targets, works


def figures(**changes: float) -> dict[str, Any]:
    """Figures of a run in which each target is met just so; ``changes`` are other CPU times."""
    cpu = {"nginx": 20.0, "nginx + Lua": 27.0, "supercity": 30.0, "Envoy": 80.0, "HAProxy": 90.0}
    cpu |= changes
    found: dict[str, Any] = {
        name: {"ES256": {"cpu_us": {"median": value}}} for name, value in cpu.items()
    }
    found["nginx"] |= {"1 MB answers": {"rps": {"median": 1_000}, "cpu_us": {"median": 1_000}}}
    found["supercity"] |= {"1 MB answers": {"rps": {"median": 700}, "cpu_us": {"median": 900}}}
    steady = {"supercity": {"p99 ms": {"median": 1.5}}, "Envoy": {"p99 ms": {"median": 1.5}}}
    return {"candidates": found, "steady": {"half of Envoy's most, 4,775/s": steady}}


def rows(found: dict[str, Any]) -> list[str]:
    return targets.table(found).splitlines()[2:]


def verdict(found: dict[str, Any], start: str) -> str:
    (row,) = [row for row in rows(found) if row.startswith(f"| {start}")]
    return row.split("|")[4].strip()


@pytest.mark.parametrize(
    ("row", "peer", "less"),
    [
        ("authenticated read", "nginx", 19.9),
        ("… to nginx + Lua", "nginx + Lua", 26.0),
        ("… to Envoy", "Envoy", 74.9),
        ("… to HAProxy", "HAProxy", 59.9),
    ],
)
def test_each_peer_sets_a_bound_of_its_own(row: str, peer: str, less: float) -> None:
    assert verdict(figures(), row) == "met"
    assert verdict(figures(**{peer: less}), row) == "**not met**"


def test_throughput_has_a_least_and_latency_is_beside_envoys() -> None:
    found = figures()
    assert verdict(found, "1 MB answers") == "met"
    found["candidates"]["supercity"]["1 MB answers"]["rps"]["median"] = 699
    assert verdict(found, "1 MB answers") == "**not met**"
    assert verdict(found, "p99 to Envoy's, at half") == "met"
    next(iter(found["steady"].values()))["supercity"]["p99 ms"]["median"] = 1.6
    assert verdict(found, "p99 to Envoy's, at half") == "**not met**"


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    table = targets.table({"candidates": {}})
    assert "met |" not in table
    assert table.count("not measured") == len(targets.TARGETS) >= 13
    measured = targets.table(figures(), all_of_them=False)
    assert "not measured" not in measured
    assert measured.count("| met |") == 6


def test_the_plot_shows_each_work_and_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    plot.draw(figures(), one)
    plot.draw(figures(), two)
    drawn = one.read_text()
    assert drawn == two.read_text()
    assert len(drawn) < 100_000
    for said in (*works.ALL, "ES256: µs of CPU", "1 MB answers: µs of CPU", "4,775/s"):
        assert said in drawn
