"""The access log: one JSON object a line, written in batches, off the request's way.

No personal data: the path template instead of the path, no query, no resident, no address. A
request is found again by its id, which its caller was told.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import FileIO, RawIOBase
from time import monotonic
from typing import TYPE_CHECKING, Final

import orjson

from gateway.core.cache import Recent
from gateway.core.telemetry.telemetry import Telemetry

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange

_LINE: Final = (
    b'{"time":"%b.%03dZ","request_id":"%b","method":"%b","route":%b,"client":%b,"status":%d,'
    b'"ms":%.3f,"bytes_in":%d,"bytes_out":%d}\n'
)
"""What is put in is made here, or checked to need no escapes, or JSON already."""


class AccessLog:
    """Lines waiting to be written, and where they go.

    Args:
        path: a file, appended to; ``-`` for standard output.
        most: lines that may wait; more are dropped and counted as ``log_dropped``.
        now: the wall clock, in seconds since the epoch.
    """

    def __init__(
        self, path: str, most: int, telemetry: Telemetry, now: Callable[[], float]
    ) -> None:
        self._out = _opened(path)
        self._piece = _in_one_piece(self._out.fileno())
        self._most = most
        self._telemetry = telemetry
        self._now = now
        self._ahead = now() - monotonic()
        self._lines: list[bytes] = []
        self._writing: asyncio.Future[None] | None = None
        self._second = 0
        self._stamp = b""
        self._names: Recent[str, bytes] = Recent(20_000)

    def note(self, exchange: Exchange, seconds: float) -> None:
        """Remember ``exchange``, which has ended, for the next batch."""
        if len(self._lines) >= self._most:
            self._telemetry.count("log_dropped")
            return
        grant = getattr(exchange, "grant", None)
        began = exchange.began + self._ahead
        second = int(began)
        if second != self._second:
            self._second = second
            self._stamp = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
        line = _LINE % (
            self._stamp, (began - second) * 1000, exchange.request_id, exchange.method,
            self._name(exchange.route.id if exchange.routed else ""),
            self._name(grant.client_id if grant is not None else ""),
            exchange.status, seconds * 1000, exchange.upload, exchange.bytes_out,
        )  # fmt: skip
        self._lines.append(line)

    def _name(self, name: str) -> bytes:
        found = self._names.get(name)
        if found is None:
            found = orjson.dumps(name)
            self._names.put(name, found)
        return found

    def flush(self) -> None:
        """Hand what waits to a thread, unless it still writes the last batch."""
        self._ahead = self._now() - monotonic()
        if self._lines and (self._writing is None or self._writing.done()):
            lines, self._lines = self._lines, []
            loop = asyncio.get_running_loop()
            self._writing = loop.run_in_executor(None, self._write, lines)

    def _write(self, lines: list[bytes]) -> None:
        try:
            for text in _whole_lines(lines, self._piece):
                self._out.write(text)
        except OSError:  # a full disk must not stop the city
            self._telemetry.count("log_dropped", len(lines))

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing
        self._write(self._lines)
        self._out.close()


def _opened(path: str) -> RawIOBase:
    """Unbuffered, so that each write is one call, which other workers' do not cut in two."""
    if path == "-":
        return FileIO(os.dup(sys.stdout.fileno()), "w")
    return FileIO(path, "a")


def _in_one_piece(descriptor: int) -> int:
    """Bytes that are written in one call without those of another worker among them: to a file all
    that are appended, to a pipe POSIX' ``PIPE_BUF``, 4096 on Linux. Fewer calls are fewer turns in
    which this thread and the loop wait for each other."""
    return 1_048_576 if stat.S_ISREG(os.fstat(descriptor).st_mode) else 4_096


def _whole_lines(lines: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Lines joined up to ``most`` bytes."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) > most:
            yield b"".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    if held:
        yield b"".join(held)
