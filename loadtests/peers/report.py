"""The table and the figures."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from loadtests.peers.measure import Run

HERE = Path(__file__).parents[1]
FIGURES = HERE / "results" / "compare.json"
README = HERE / "README.md"
FLOOR = "nginx"


def summary(runs: list[Run]) -> dict[str, Any]:
    """Median, least and most of each figure."""
    found: dict[str, Any] = {"bad": sum(run.bad for run in runs), "rounds": len(runs)}
    for name in ("rps", "cpu_us", "p50_us", "p99_us"):
        found[name] = spread([getattr(run, name) for run in runs])
    return found


def spread(values: list[float], digits: int = 1) -> dict[str, float]:
    """Median, least and most, to so many digits after the point."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def figures(results: dict[str, dict[str, list[Run]]], machine: dict[str, Any]) -> dict[str, Any]:
    """What goes into ``compare.json``: per candidate and work, and ratios to the floor's CPU."""
    found = {
        name: {work: summary(runs) for work, runs in works.items() if runs}
        for name, works in results.items()
    }
    return {
        "machine": machine,
        "candidates": found,
        "cpu_ratio_to_nginx_bare": _ratios(found, "cpu_us"),
        "rps_ratio_to_nginx_bare": _ratios(found, "rps"),
    }


def _ratios(found: dict[str, dict[str, Any]], figure: str) -> dict[str, dict[str, float]]:
    """Each median over the floor's at the same work; at ES256 where the floor has no such work."""
    floor = found.get(FLOOR, {})
    ratios: dict[str, dict[str, float]] = {}
    for name, works in found.items():
        for work, figures in works.items():
            base = floor.get(work) or floor.get("ES256")
            if base:
                ratio = figures[figure]["median"] / base[figure]["median"]
                ratios.setdefault(name, {})[work] = round(ratio, 2)
    return ratios


def table(found: dict[str, Any], does: dict[str, str]) -> str:
    """The figures as Markdown."""
    lines = [
        "| candidate | work | CPU µs/request | × floor | requests/s | × floor | p50 ms | p99 ms "
        "| what it does |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, works in found["candidates"].items():
        for work, figure in works.items():
            cpu = figure["cpu_us"]
            ratio = found["cpu_ratio_to_nginx_bare"].get(name, {}).get(work, "")
            speed = found["rps_ratio_to_nginx_bare"].get(name, {}).get(work, "")
            lines.append(
                f"| {name} | {work} | **{cpu['median']}** ({cpu['min']}–{cpu['max']}) | {ratio} "
                f"| {figure['rps']['median']:,.0f} | {speed} "
                f"| {figure['p50_us']['median'] / 1000:.2f} "
                f"| {figure['p99_us']['median'] / 1000:.2f} | {does[name]} |"
            )
    return "\n".join(lines)


def publish(found: dict[str, Any], text: str) -> None:
    """Write ``compare.json``, and the table into ``loadtests/README.md``."""
    _write(found)
    machine = found["machine"]
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['rounds']} rounds of {machine['seconds']:g} s each, interleaved; load average "
        f"{machine['load_before']} before and {machine['load_after']} after."
    )
    put("compare", f"{about}\n\n{text}")


def put(name: str, text: str) -> None:
    """Replace what stands in the README between the two comments of this name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = README.read_text().partition(begin)
    after = rest.partition(end)[2]
    README.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def rows(first: str, found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Spreads by name and figure, as Markdown: a row a name."""
    names = list(next(iter(found.values())))
    lines = [f"| {first} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row, each in found.items():
        lines.append(f"| {row} | {' | '.join(cell(of) for of in each.values())} |")
    return "\n".join(lines)


def cell(of: dict[str, float]) -> str:
    """One spread, as Markdown; the range only where there is one."""
    ranging = f" ({of['min']:g}–{of['max']:g})" if of["min"] != of["max"] else ""
    return f"**{of['median']:g}**{ranging}"


def keep(name: str, figures: dict[str, Any], text: str) -> None:
    """Put ``figures`` into ``compare.json`` beside the others, as its member ``name``, and
    ``text`` into the README."""
    put(name, text)
    _write({name: figures})


def _write(members: dict[str, Any]) -> None:
    """Put ``members`` in place of those of the same names."""
    FIGURES.parent.mkdir(exist_ok=True)
    found = orjson.loads(FIGURES.read_bytes()) if FIGURES.exists() else {}
    FIGURES.write_bytes(orjson.dumps(found | members, option=orjson.OPT_INDENT_2) + b"\n")
