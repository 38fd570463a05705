"""A worker makes itself known to the control plane, and hears whether it is to drain.

What it hears it does not do by itself: it says so to the supervisor with its counters, which has a
successor ready on the same socket before the worker stops to accept (:mod:`gateway.worker`), as on
SIGHUP. So draining refuses nobody.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import orjson

from gateway.core.app import Core
from gateway.core.http.answer import Answer
from schemas.headers import GATEWAY_KEY
from schemas.workers import EVERY, WORKERS, WorkerReport

_log = logging.getLogger(__name__)
_TIMEOUT: Final = 5.0
_LAST: Final = 1.0


class Presence:
    """Reports on one worker until it is cancelled, and a last time then.

    Args:
        number: the worker's place among the gateway's.
        sock: the one that clients come in by.
        every: seconds between two reports.

    Attributes:
        to_leave: an operator wants this worker drained.
    """

    def __init__(
        self, core: Core, control_url: str, number: int, sock: socket.socket, every: float = EVERY
    ) -> None:
        url = urlsplit(control_url)
        self._host, self._port = url.hostname or "", url.port or 80
        self._core, self._number, self._every = core, number, every
        host, port = sock.getsockname()[:2]
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._gateway = f"{socket.gethostname()[:100]}:{port}"
        self._worker = f"w-{secrets.token_hex(8)}"
        self._started = time.time()
        self._failing = False
        self.to_leave = False

    async def run(self) -> None:
        """Report for ever. Logs when it breaks and when it works again, nothing between."""
        try:
            while True:
                await self._try()
                await asyncio.sleep(self._every)
        finally:
            with suppress(OSError, ValueError, TimeoutError, EOFError):
                async with asyncio.timeout(_LAST):
                    await self.once(gone=True)

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                await self.once()
        except (OSError, ValueError, TimeoutError, EOFError) as error:
            if not self._failing:
                _log.warning("the control plane does not hear of this worker: %s", error)
            self._failing = True
        else:
            self._failing = False

    async def once(self, *, gone: bool = False) -> None:
        """One report, and what the control plane says to it.

        Raises:
            OSError, EOFError: the control plane does not answer.
            ValueError: it answered something else.
        """
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._question(orjson.dumps(self._report(gone))))
            answer = Answer((await reader.readuntil(b"\r\n\r\n"))[:-4])
            order = orjson.loads(await reader.readexactly(max(0, answer.length)) or b"{}")
        finally:
            writer.close()
        if answer.status != 200 or not isinstance(order, dict):
            raise ValueError(f"it answered {answer.status}")
        self.to_leave = self.to_leave or order.get("drain") is True

    def _report(self, gone: bool) -> WorkerReport:
        core = self._core
        return WorkerReport(
            worker=self._worker,
            gateway=self._gateway,
            address=self._address,
            number=self._number,
            revision=core.policy.revision if core.policy else "",
            started=self._started,
            under_way=core.under_way,
            connections=core.connections,
            draining=core.draining,
            gone=gone,
        )

    def _question(self, body: bytes) -> bytes:
        head = (
            f"POST {WORKERS} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n"
            f"{GATEWAY_KEY}: {self._core.gateway_key.decode()}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        return head.encode() + body
