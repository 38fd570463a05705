"""``python -m loadtests.micro``: µs of interpreter time of each stage, as a table."""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
from collections.abc import Callable
from time import process_time
from typing import Any

import orjson
import uvloop

from loadtests.micro.stages import stages
from loadtests.micro.wires import Wired
from loadtests.peers import report

ENOUGH = 0.02
"""Seconds of one measurement: long beside the clock's resolution, short beside a noisy minute."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.micro", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    found = uvloop.run(measure(options.rounds))
    if options.json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    text = table(found)
    print(text)
    if options.keep:
        report.keep("stages", found, text)


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [f"Python {platform.python_version()}, {platform.python_build()[1]}\n"]
    lines += ["| stage | µs, median | least | most | |", "|---|---|---|---|---|"]
    for name, figure in found.items():
        lines.append(
            f"| {name} | {figure['median']:.2f} | {figure['min']:.2f} | {figure['max']:.2f} "
            f"| {figure['what']} |"
        )
    return "\n".join(lines)


async def measure(rounds: int) -> dict[str, Any]:
    """Figures by stage, in µs."""
    wired = Wired()
    for head in wired.heads:
        wired.once(head)
        if not wired.answered().startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a request went wrong: {wired.answered()!r}")
    found: dict[str, Any] = {}
    for name, what, call in stages(wired):
        gc.collect()
        gc.freeze()
        taken = [1e6 * each(call) for _ in range(rounds)]
        figure = {"median": statistics.median(taken), "min": min(taken), "max": max(taken)}
        found[name] = {"what": what} | {key: round(value, 3) for key, value in figure.items()}
    await wired.core.close()
    return found


def each(call: Callable[[], object]) -> float:
    """CPU seconds of one ``call``, over as many as take long enough; the loop's own included."""
    number = 64
    while True:
        began = process_time()
        for _ in range(number):
            call()
        taken = process_time() - began
        if taken >= ENOUGH:
            return taken / number
        number *= 2


if __name__ == "__main__":
    main()
