"""``python -m loadtests.micro.swap``: how long a worker pauses while it takes a large policy.

A policy of 10,000 routes and 100,000 revocations replaces another while the loop goes round.
Between two of its turns nobody is served: the longest such time is the pause.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from itertools import pairwise
from time import perf_counter, thread_time

import orjson
import uvloop

from gateway.core.app import Core, CoreConfig
from loadtests.peers import ours, report, work

ROUTES = 10_000
REVOKED = 100_000


def large(revision: str, routes: int = ROUTES, revoked: int = REVOKED) -> bytes:
    """A snapshot with so many routes and revoked tokens."""
    found = ours.policy(9, [work.signer("ES256")])
    one = found["routes"][1]
    found["routes"] = [
        one | {"id": f"bench.{at}", "path": f"/mobility/v1/c{at}/{{id}}"} for at in range(routes)
    ]
    found["revoked"]["tokens"] = {f"token-{at:027d}": 2_000_000_000 for at in range(revoked)}
    return orjson.dumps(found | {"revision": revision})


async def measure() -> dict[str, float]:
    """The figures of one change. Of the two pauses that of CPU is the core's own: the other has in
    it what else the machine did."""
    core = Core(CoreConfig(b"bench", b"0" * 32))
    await core.change(large("one"))
    text = large("two")
    gc.collect()
    gc.freeze()
    began = perf_counter()
    change = asyncio.create_task(core.change(text))
    wall, cpu = [began], [thread_time()]
    while not change.done():
        await asyncio.sleep(0)
        wall.append(perf_counter())
        cpu.append(thread_time())
    await change
    await core.close()
    return {
        "ms until in force": (wall[-1] - began) * 1e3,
        "longest pause, ms": _widest(wall) * 1e3,
        "longest pause, ms of CPU": _widest(cpu) * 1e3,
    }


def _widest(times: list[float]) -> float:
    return max(after - before for before, after in pairwise(times))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.micro.swap", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    runs = [uvloop.run(measure()) for _ in range(options.rounds)]
    name = f"{ROUTES:,} routes, {REVOKED:,} revocations"
    found = {name: {key: report.spread([run[key] for run in runs]) for key in runs[0]}}
    text = report.rows("policy", found)
    print(text)
    if options.keep:
        report.keep("swap", found, text)


if __name__ == "__main__":
    main()
