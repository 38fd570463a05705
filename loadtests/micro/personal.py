"""``python -m loadtests.micro.personal``: what a personal read costs beside an open one, and where.

So many clients ask at once, each when it has had its answer, as in the comparison with peers; but
without sockets, so that what is measured is the core's own code, its journal's thread and the disk.
All variants take turns, in short rounds: what else the machine does hits them alike. Each leaves
out one part more than the one before; what it takes less is what that part costs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from time import process_time
from typing import Any

import uvloop

from gateway.core.proof.replays import NEW
from gateway.core.server import ClientConnection
from gateway.core.trail.trail import Trail
from loadtests.micro.wires import ANSWER, Wire, Wired, request
from loadtests.peers import report, work

CLIENTS = 32
TURNS = 20
"""Requests of each client in a round."""
HEADS = 512
"""Proofs of each kind; each is new to the core every time (:class:`~.wires.Forgetful`)."""
OPEN = "open"
ALGORITHMS = ("RS256", "ES256")


class Counted(Wire):
    """A client's transport, that tells of each answer."""

    def __init__(self, answered: Callable[[], None]) -> None:
        super().__init__()
        self._answered = answered

    def write(self, data: Any) -> None:
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
        """CPU µs a request, of all threads."""
        began = process_time()
        for _ in range(TURNS):
            await self.turn(heads)
        if not self.wires[0].last.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a read went wrong: {self.wires[0].last!r}")
        return (process_time() - began) / (TURNS * len(self._clients)) * 1e6


class Nowhere:
    """A journal's file that keeps nothing."""

    def __init__(self, _: Path) -> None:
        """Nothing is made."""

    def write(self, data: bytes) -> None:
        """Nor written."""

    def sync(self) -> None:
        """Nor waited for."""

    def close(self) -> None:
        """Nor let go of."""


class Trusting:
    """A memory of used proofs that looks at nothing."""

    def take_all(self, names: list[str], *_: object) -> list[Any]:
        return [NEW] * len(names)

    def close(self) -> None:
        """There is nothing to let go of."""


class Parts:
    """What of a personal read can be left out, in this order, and how it is put back."""

    def __init__(self, core: Any, folder: Path) -> None:
        self._core = core
        self._trail, self._replays = core.trail, core.replays
        self._nowhere = Trail(folder, create=Nowhere)
        self._keys = [(key, key.verify) for key in core.proofs.keys]

    def each(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The name of each, and how it is left out."""
        yield "", lambda: None
        yield ", without the disk", lambda: setattr(self._core, "trail", self._nowhere)
        yield ", nor the journal", lambda: setattr(self._core, "trail", None)
        yield ", nor the memory of used proofs", lambda: setattr(self._core, "replays", Trusting())
        yield ", nor the signature", self._trust

    def _trust(self) -> None:
        for key, _ in self._keys:
            key.verify = lambda signature, signed: True

    def put_back(self) -> None:
        """All of it."""
        self._core.trail, self._core.replays = self._trail, self._replays
        for key, verify in self._keys:
            key.verify = verify


async def measure(rounds: int, folder: Path) -> dict[str, list[float]]:
    """µs of an open read, and of each kind of personal read with less and less in it."""
    wired = Wired(trail=Trail(folder / "trail"))
    crowd = Crowd(wired)
    heads = {OPEN: cycle([request(work.OPEN, number, "") for number in range(60)])}
    heads |= {f"{alg} proof": cycle(wired.personal(alg, HEADS)) for alg in ALGORITHMS}
    heads["RS256 proof, some fields"] = cycle(wired.personal("RS256", HEADS, "name"))
    for each in heads.values():  # what is only done the first time
        await crowd.round(each)
    parts = Parts(wired.core, folder / "nowhere")
    gc.collect()
    gc.freeze()
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        taken.setdefault(OPEN, []).append(await crowd.round(heads[OPEN]))
        for name, asked in heads.items():
            for without, leave_out in parts.each() if name != OPEN else ():
                leave_out()
                row = name + without
                taken.setdefault(row, []).append(await crowd.round(asked))
            parts.put_back()
    await wired.core.close()
    return taken


def figures(taken: dict[str, list[float]]) -> dict[str, dict[str, dict[str, float]]]:
    """Each read's µs, and how many times the open one's of the same round."""
    opened = taken[OPEN]
    return {
        name: {
            "µs": report.spread(each),
            "× open": report.spread([a / b for a, b in zip(each, opened, strict=True)], 2),
        }
        for name, each in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.micro.personal", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supercity-trail-") as folder:
        found = figures(uvloop.run(measure(options.rounds, Path(folder))))
    text = report.rows("read", found)
    print(text)
    if options.keep:
        report.keep("personal", found, text)


if __name__ == "__main__":
    main()
