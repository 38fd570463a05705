"""``python -m loadtests.peers.held``: what many connections cost that hardly do anything.

Each candidate holds 2,000 kept connections that have asked once and rest; then, started anew, 2,000
streams of server-sent events on which nothing comes, until one event goes to all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from loadtests.peers import candidates, measure, report, work, works
from loadtests.peers.place import Candidate, Place

PATH = work.ROUTES[0]
QUIET_SECONDS = 3.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
Streams = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
Figures = dict[str, float]


class Api(asyncio.Protocol):
    """The API behind: a stream of events, which come when told to, or a short answer."""

    def __init__(self, streams: list[asyncio.Transport]) -> None:
        self._streams = streams

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if work.STREAM.encode() in data.partition(b"\r\n")[0]:
            self._streams.append(self._transport)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                b"Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n8\r\n:hello\n\n\r\n"
            )
        else:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class Holding:
    """A candidate that runs, and the connections that it holds for us."""

    def __init__(self, port: int, pids: list[int], token: str) -> None:
        self.port, self.pids, self.token = port, pids, token
        self.opened: Streams = []
        self.sending: list[asyncio.Transport] = []
        """The ends of the streams on the API's side."""

    async def open(self, path: str, number: int, ends: bytes) -> float:
        """So many more connections, each answered up to ``ends``. KB that each of the last half
        takes: the first half fills what the candidate had at hand already."""
        await self._open(path, number // 2, ends)
        before = self.resident()
        await self._open(path, number // 2, ends)
        return (self.resident() - before) / (number // 2) / 1_024

    async def _open(self, path: str, number: int, ends: bytes) -> None:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: city.example\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n"
        ).encode()
        for _ in range(number):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=4_096)
            self.opened.append((reader, writer))
            writer.write(request)
            async with asyncio.timeout(10):
                await reader.readuntil(ends)

    def resident(self) -> int:
        """Bytes of memory that the candidate has in use."""
        found = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.pids)
        return sum(int(pages) * _PAGE for pages in found)

    async def quiet(self) -> float:
        """Milliseconds of CPU a second with nothing to do."""
        spent = measure.cpu_seconds(self.pids)
        await asyncio.sleep(QUIET_SECONDS)
        return (measure.cpu_seconds(self.pids) - spent) * 1e3 / QUIET_SECONDS

    async def event(self) -> tuple[float, float]:
        """One event to all: ms until the last has it, and µs of CPU that each cost."""
        spent, began = measure.cpu_seconds(self.pids), time.monotonic()
        event = b"data: %b\n\n" % (b"x" * 200)
        for transport in self.sending:
            transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        async with asyncio.timeout(30):
            for reader, _ in self.opened:
                await reader.readuntil(b"x\n\n")
        took = time.monotonic() - began
        cpu = measure.cpu_seconds(self.pids) - spent
        return took * 1e3, cpu * 1e6 / len(self.opened)


@asynccontextmanager
async def holding(candidate: Candidate, place: Place, token: str) -> AsyncIterator[Holding]:
    """``candidate``, started in front of the API."""
    with measure.running(candidate, measure.CANDIDATE_CORE, place.port, place.folder) as pid:
        held = Holding(place.port, measure.family(pid), token)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Api(held.sending), "127.0.0.1", place.upstream, backlog=4_096
        )
        try:
            yield held
        finally:
            for _, writer in held.opened:
                writer.transport.abort()
            server.close()


async def one(candidate: Candidate, place: Place, token: str, number: int) -> Figures:
    """The figures of one candidate."""
    async with holding(candidate, place, token) as held:
        idle = await held.open(f"{PATH}/1", number, b"{}")
    async with holding(candidate, place, token) as held:
        stream = await held.open(PATH + work.STREAM, number, b":hello\n\n")
        quiet = await held.quiet()
        took, cpu = await held.event()
    return {
        "KB an idle connection": idle, "KB a quiet stream": stream,
        "CPU ms/s, all quiet": quiet, "ms until all have an event": took,
        "CPU µs an event": cpu,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers.held", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--number", type=int, default=2_000, help="connections, and streams")
    parser.add_argument("--only", nargs="*", default=list(works.ALL))
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    runs: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="supercity-held-") as name:
        place = Place.new(Path(name))
        token = place.signers[0].token(1)
        for _ in range(options.rounds):
            for candidate in candidates.candidates(place):
                if candidate.name in options.only and candidate.command:
                    figures = asyncio.run(one(candidate, place, token, options.number))
                    runs.setdefault(candidate.name, []).append(figures)
    found = {
        name: {key: report.spread([run[key] for run in each]) for key in each[0]}
        for name, each in runs.items()
    }
    text = report.rows("candidate", found)
    print(text)
    if options.keep:
        report.keep("held", {"connections": options.number, "candidates": found}, text)


if __name__ == "__main__":
    main()
