"""``python -m loadtests.micro.personal``: what a personal read costs beside an open one.

So many clients ask at once, each when it has had its answer, as in the comparison with peers; but
without sockets, so that what is measured is the core's own code, its journal's thread and the disk.
The reads take turns, in short rounds: what else the machine does hits them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from time import process_time

import uvloop

from gateway.core.server import ClientConnection
from gateway.core.trail.trail import Trail
from loadtests.micro.wires import ANSWER, Wire, Wired, request
from loadtests.peers import work

CLIENTS = 32
TURNS = 20
"""Requests of each client in a round."""
HEADS = 512
"""Proofs of each kind; each is new to the core every time (:class:`~.wires.Forgetful`)."""


class Counted(Wire):
    """A client's transport, that tells of each answer."""

    def __init__(self, answered: Callable[[], None]) -> None:
        super().__init__()
        self._answered = answered

    def write(self, data: bytes) -> None:
        super().write(data)
        self._answered()


class Crowd:
    """Clients that ask at once, and upstream connections to answer them."""

    def __init__(self, wired: Wired, clients: int = CLIENTS) -> None:
        self._core = wired.core
        self._upstreams = [wired.upstream, *(wired.another() for _ in range(clients - 1))]
        self._clients = [ClientConnection(wired.core) for _ in range(clients)]
        self._owed = 0
        self._over = asyncio.Event()
        self.wires = [Counted(self._answered) for _ in range(clients)]
        for client, wire in zip(self._clients, self.wires, strict=True):
            client.connection_made(wire)

    async def turn(self, heads: Iterator[bytes]) -> None:
        """One request of each, all the way there and back."""
        self._owed = len(self._clients)
        self._over.clear()
        for client in self._clients:
            client.data_received(next(heads))
        self._core.batch.run()
        for upstream in self._upstreams:
            upstream.data_received(ANSWER)
        await self._over.wait()  # for the journal, which is on its way to the disk

    def _answered(self) -> None:
        self._owed -= 1
        if not self._owed:
            self._over.set()

    async def round(self, heads: Iterator[bytes]) -> float:
        """CPU seconds a request, of all threads."""
        began = process_time()
        for _ in range(TURNS):
            await self.turn(heads)
        return (process_time() - began) / (TURNS * len(self._clients))


def reads(wired: Wired) -> dict[str, list[bytes]]:
    """Each kind of read, as heads to ask with."""
    return {
        "open": [request(work.OPEN, number, "") for number in range(60)],
        "personal, RS256 proof": wired.personal("RS256", HEADS),
        "personal, ES256 proof": wired.personal("ES256", HEADS),
        "personal, RS256 proof, some fields": wired.personal("RS256", HEADS, "name"),
    }


async def measure(rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """µs of each kind of read, and how many times the open one's."""
    wired = Wired(trail=Trail(folder))
    crowd = Crowd(wired)
    turns = {name: cycle(heads) for name, heads in reads(wired).items()}
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for name in turns:  # what is seen the first time, and whether it goes well at all
        await crowd.round(turns[name])
        answered = crowd.wires[0].last
        if not answered.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a {name} read went wrong: {answered!r}")
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, heads in turns.items():
            taken[name].append(1e6 * await crowd.round(heads))
    await wired.core.close()
    open_reads = taken["open"]
    return {
        name: {
            "µs": statistics.median(each),
            "least": min(each),
            "× open": statistics.median(map(float.__truediv__, each, open_reads)),
        }
        for name, each in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.micro.personal", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supercity-trail-") as folder:
        found = uvloop.run(measure(options.rounds, Path(folder)))
    lines = ["| read | µs | least | × open |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {row['µs']:.1f} | {row['least']:.1f} | {row['× open']:.2f} |"
        for name, row in found.items()
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
