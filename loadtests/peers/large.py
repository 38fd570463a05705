"""``python -m loadtests.peers.large``: a body of 2 GB, either way, and what memory it takes.

Each candidate runs as a process of its own in front of an API that is as raw as can be. The peak of
its resident memory (``VmHWM``) is set back before each body, so that what is measured is that
body's alone. "Nobody reads": whoever should take the body reads nothing until all stands still, as
on a bad line; what the candidate takes meanwhile must stay bounded.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

from loadtests.peers import candidates, measure, ours, report, work, works
from loadtests.peers.bodies import Api
from loadtests.peers.bodies_client import Client
from loadtests.peers.place import Candidate, Place

GB = 1_000_000_000
FREE = ("answer", "request")
"""Bodies that are read as they come; the others stand still for a while, and have no speed."""
Figures = dict[str, float]


class Watched:
    """The memory of some processes."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    def forget_peak(self) -> float:
        """From here on the peak counts anew. MB in use now."""
        for pid in self._pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        return self._sum("VmRSS")

    def peak(self) -> float:
        """MB in use at most since."""
        return self._sum("VmHWM")

    def _sum(self, name: str) -> float:
        found = 0
        for pid in self._pids:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(name + ":"):
                    found += int(line.split()[1])
        return found / 1_024


async def growth(watched: Watched, moved: Awaitable[int]) -> tuple[float, float]:
    """MB of memory that ``moved`` took at most, and MB/s at which it went."""
    before, began = watched.forget_peak(), time.monotonic()
    size = await moved
    took = time.monotonic() - began
    return watched.peak() - before, size / 1e6 / took


@asynccontextmanager
async def standing(candidate: Candidate, place: Place) -> AsyncIterator[tuple[Watched, Api]]:
    """``candidate`` in front of the API, warm: what everybody needs once is not a body's."""
    api = Api()
    server = await asyncio.get_running_loop().create_server(
        api.connection, "127.0.0.1", place.upstream
    )
    with measure.running(candidate, measure.CANDIDATE_CORE, place.port, place.folder) as pid:
        try:
            yield Watched(measure.family(pid)), api
        finally:
            server.close()
            api.close()


async def one(candidate: Candidate, place: Place, size: int) -> Figures:
    """The figures of one candidate."""
    async with standing(candidate, place) as (watched, api):
        client = Client(place.port, work.ROUTES[0], place.signers[0].token(1))
        ways: dict[str, Callable[[int], Awaitable[int]]] = {
            "answer": client.take, "request": client.give,
            "answer, nobody reads": lambda size: client.take_late(size, api),
            "request, nobody reads": lambda size: client.give_held(size, api),
        }  # fmt: skip
        for way in ways.values():
            await way(1_000)
        found: Figures = {}
        for kind, way in ways.items():
            grown, speed = await growth(watched, way(size))
            found[f"MB more, {kind}"] = grown
            if kind in FREE:
                found[f"MB/s, {kind}"] = speed
        return found


def place_for(folder: Path, size: int) -> Place:
    """A place whose policy lets bodies of ``size`` through."""
    place = Place.new(folder)
    policy = ours.policy(place.upstream, place.signers)
    for route in policy["routes"]:
        route["max_body_bytes"] = size
    (folder / "policy.json").write_bytes(orjson.dumps(policy))
    return place


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers.large", description=__doc__)
    parser.add_argument("--gb", type=float, default=2, help="of each body, in 10⁹ bytes")
    parser.add_argument("--only", nargs="*", default=list(works.ALL), help="names of candidates")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    size, found = round(options.gb * GB), {}
    with tempfile.TemporaryDirectory(prefix="supercity-large-") as name:
        place = place_for(Path(name), size)
        for candidate in candidates.candidates(place):
            if candidate.name in options.only and candidate.command:
                figures = asyncio.run(one(candidate, place, size))
                found[candidate.name] = {
                    key: report.spread([value]) for key, value in figures.items()
                }
                print(candidate.name, "is measured", flush=True)
    text = report.rows("candidate", found)
    print(text)
    if options.keep:
        report.keep("large", {"bytes": size, "candidates": found}, text)


if __name__ == "__main__":
    main()
