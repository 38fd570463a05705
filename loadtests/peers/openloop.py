"""Open-loop load: requests come when they are due, whether or not the last were answered.

``python -m loadtests.peers.openloop PORT HEADS --rate R --seconds S`` runs in a process of its own.
Users of a city know nothing of each other: their requests come at random (a Poisson process), and
do not wait for a gateway that pauses. So latency is counted from the moment a request was *due*:
one that stood in line for a connection has waited, too. wrk, which asks again only when it was
answered, leaves just those waits out ("coordinated omission").

``HEADS`` is a file of requests, a JSON array of strings; they are sent in turn, the same at the
same moments in every run.
"""

from __future__ import annotations

import argparse
import random
import select
import socket
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import orjson

SEED = 20_261_124
MOST_LATE = 0.001
"""Seconds: the driver's own lateness, at its 99th percentile, beyond which it says nothing."""
SHORT_OF = 0.98
"""Part of the rate that must have been reached."""
GIVE_UP = 10.0
"""Seconds without one answer after which the run has failed."""


class Behind(Exception):
    """The driver did not keep its own schedule: its figures would be about itself."""


@dataclass
class Seen:
    """What a run saw, all in seconds.

    Attributes:
        latency: from when each request was due until the last byte of its answer.
        late: by how much the driver itself missed a moment at which a connection was free.
    """

    latency: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    bad: int = 0
    took: float = 0.0

    def result(self, rate: float) -> dict[str, float]:
        """Percentiles in µs.

        Raises:
            Behind: they are not to be believed.
        """
        reached, late = len(self.latency) / self.took, quantile(self.late, 0.99)
        if late > MOST_LATE:
            raise Behind(f"it was {late * 1e3:.1f} ms late by itself (p99)")
        if reached < SHORT_OF * rate:
            raise Behind(f"only {reached:.0f} of {rate:.0f} a second were answered in time")
        percentiles = {"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999}
        found = {name: quantile(self.latency, at) * 1e6 for name, at in percentiles.items()}
        return {**found, "late_p99_us": late * 1e6, "rps": reached, "bad": self.bad}


def quantile(values: list[float], share: float) -> float:
    """The least value that is not exceeded by ``share`` of all."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def schedule(rate: float, seconds: float, seed: int = SEED) -> list[float]:
    """When requests are due, in seconds from the start: ``rate * seconds`` moments, at random."""
    chance = random.Random(seed)
    return sorted(chance.uniform(0, seconds) for _ in range(round(rate * seconds)))


class Connection:
    """One kept connection, on which there is one request at a time."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), 5)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.setblocking(False)
        self._due = 0.0
        self._got = b""

    def fileno(self) -> int:
        return self._sock.fileno()

    def ask(self, request: bytes, due: float) -> None:
        self._due, self._got = due, b""
        if self._sock.send(request) != len(request):
            raise OSError("a request does not fit into the socket")

    def answered(self) -> bool:
        """Read what is there; whether the answer is complete.

        Raises:
            ConnectionError: it ended before.
        """
        data = self._sock.recv(65_536)
        if not data:
            raise ConnectionError("a connection ended in the middle")
        self._got += data
        return is_whole(self._got)

    def score(self, now: float, seen: Seen) -> None:
        seen.latency.append(now - self._due)
        seen.bad += not self._got.startswith(b"HTTP/1.1 200 ")

    def close(self) -> None:
        self._sock.close()


def is_whole(answer: bytes) -> bool:
    """Whether head and content are there; the content's length must be said."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    at = head.index(b"content-length:") + 15
    return len(answer) >= end + 4 + int(head[at : (head.find(b"\r", at) + 1 or end + 1) - 1])


def drive(connections: list[Connection], requests: Iterator[bytes], due: list[float]) -> Seen:
    """Send each request when it is due, or as soon as a connection is free after."""
    seen, free, busy = Seen(), deque(connections), set[Connection]()
    at = 0
    began = answered = opened = perf_counter()  # opened: when a connection was free again
    while at < len(due) or busy:
        now = perf_counter()
        while at < len(due) and began + due[at] <= now and free:
            seen.late.append(now - max(began + due[at], opened))
            connection = free.popleft()
            connection.ask(next(requests), began + due[at])
            busy.add(connection)
            at, now = at + 1, perf_counter()
        wait = began + due[at] - now if at < len(due) and free else 1.0
        ready, _, _ = select.select(busy, (), (), max(0.0, wait))
        for connection in ready:
            if connection.answered():
                answered = perf_counter()
                connection.score(answered, seen)
                busy.discard(connection)
                opened = opened if free else answered
                free.append(connection)
        if busy and perf_counter() - answered > GIVE_UP:
            raise TimeoutError("nothing was answered for long")
    seen.took = perf_counter() - began
    return seen


def in_turn(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers.openloop", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm", type=float, default=1.0, help="seconds before, not counted")
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    requests = in_turn([each.encode() for each in orjson.loads(options.requests.read_bytes())])
    connections = [Connection(options.port) for _ in range(options.connections)]
    try:
        warm = schedule(options.rate, options.warm, SEED + 1)
        drive(connections, requests, warm)
        due = schedule(options.rate, options.seconds)
        result = drive(connections, requests, due).result(options.rate)
        print(orjson.dumps({**result, "requests": len(warm) + len(due)}).decode())
    except Behind as behind:
        print(orjson.dumps({"behind": str(behind)}).decode())
    except (OSError, TimeoutError) as error:
        sys.exit(f"the load went wrong: {error}")
    finally:
        for connection in connections:
            connection.close()


if __name__ == "__main__":
    main()
