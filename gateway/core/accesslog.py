"""The access log: one JSON object a line, written in batches, off the request's way.

No personal data: the path template instead of the path, no query, no resident, no address. A
request is found again by its id, which its caller was told.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from gateway.core.telemetry import Telemetry

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange

_Line = tuple[float, bytes, bytes, str, str, int, float, int, int]


class AccessLog:
    """Lines waiting to be written, and where they go.

    Args:
        path: a file, appended to; ``-`` for standard output.
        most: lines that may wait; more are dropped and counted as ``log_dropped``.
    """

    def __init__(
        self, path: str, most: int, telemetry: Telemetry, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._out: BinaryIO = sys.stdout.buffer if path == "-" else _appended(path)
        self._lines: list[_Line] = []
        self._most = most
        self._telemetry = telemetry
        self._loop = loop
        self._writing: asyncio.Future[None] | None = None

    def note(self, exchange: Exchange, seconds: float) -> None:
        """Remember ``exchange``, which has ended, for the next batch."""
        if len(self._lines) >= self._most:
            self._telemetry.count("log_dropped")
            return
        routed, grant = exchange.routed, getattr(exchange, "grant", None)
        self._lines.append((
            exchange.began, exchange.request_id, exchange.method,
            exchange.route.id if routed else "", grant.client_id if grant else "",
            exchange.status, seconds, exchange.upload, exchange.bytes_out,
        ))  # fmt: skip

    def flush(self, wall_minus_loop: float) -> None:
        """Hand what waits to a thread, unless it still writes the last batch.

        Args:
            wall_minus_loop: what the wall clock is ahead of the loop's.
        """
        if self._lines and (self._writing is None or self._writing.done()):
            lines, self._lines = self._lines, []
            self._writing = self._loop.run_in_executor(None, self._write, lines, wall_minus_loop)

    def _write(self, lines: list[_Line], ahead: float) -> None:
        text = b"".join([orjson.dumps(_entry(line, ahead)) + b"\n" for line in lines])
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # a full disk must not stop the city
            self._telemetry.count("log_dropped", len(lines))

    async def close(self, wall_minus_loop: float) -> None:
        if self._writing is not None:
            await self._writing
        self._write(self._lines, wall_minus_loop)
        if self._out is not sys.stdout.buffer:
            self._out.close()


def _appended(path: str) -> BinaryIO:
    return Path(path).open("ab")


def _entry(line: _Line, ahead: float) -> dict[str, Any]:
    began, request_id, method, route, client, status, seconds, received, sent = line
    return {
        "time": datetime.fromtimestamp(began + ahead, UTC).isoformat(timespec="milliseconds"),
        "request_id": request_id.decode(),
        "method": method.decode(),
        "route": route,
        "client": client,
        "status": status,
        "ms": round(seconds * 1000, 3),
        "bytes_in": received,
        "bytes_out": sent,
    }
