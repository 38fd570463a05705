"""One worker process, as the supervisor (:mod:`gateway.worker`) sees it.

The other end of it is :mod:`gateway.process`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from gateway.worker import GatewayConfig

_LINE: Final = 64 * 1024 * 1024


def listening(host: str, port: int) -> socket.socket:
    """A socket that shares its port with other workers'; the kernel spreads connections."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    return sock


class Worker:
    """One worker process, seen from above.

    Attributes:
        socket: by which clients come in; another worker may take it over.
        proofs: the file in which all workers remember used proofs
            (:mod:`gateway.core.proof.replays`).
        replaced: another has.
        told: what it last said of itself (:meth:`gateway.core.app.Core.as_json`).
    """

    def __init__(
        self, config: GatewayConfig, number: int, sock: socket.socket, proofs: int
    ) -> None:
        self._config = config
        self.proofs = proofs
        self.number = number
        self.socket = sock
        self.replaced = False
        self._one_at_a_time = asyncio.Lock()
        self._question = 0
        self.told: dict[str, Any] = {}

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.process", str(theirs.fileno()),
            pass_fds=(theirs.fileno(), self.socket.fileno(), self.proofs),
        )  # fmt: skip
        theirs.close()
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE)
        self._writer.write(orjson.dumps(self._told_at_start()) + b"\n")

    def _told_at_start(self) -> dict[str, Any]:
        config = self._config
        return {
            "socket": self.socket.fileno(),
            "proofs": self.proofs,
            "workers": config.workers,
            "number": self.number,
            "control_url": config.control_url,
            "trail": str(Path(config.state_dir) / "trail"),
            "last_good": str(Path(config.state_dir) / "policy.json"),
            "gateway_key": config.gateway_key.hex(),
            "pairwise_key": config.pairwise_key.hex(),
            "limits_url": config.limits_url,
            "access_log": config.access_log,
            "tls": [config.tls_cert, config.tls_key, config.tls_client_ca],
            "drain_seconds": config.drain_seconds,
            "trace_ratio": config.trace_ratio,
            "otlp_url": config.otlp_url,
        }

    async def tell(self) -> dict[str, Any]:
        """What the worker says of itself now; what it said before if it does not answer."""
        with suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(1), self._one_at_a_time:
                self._question += 1
                self._writer.write(orjson.dumps(self._question) + b"\n")
                number = 0
                while number != self._question:  # answers to questions given up come first
                    number, self.told = orjson.loads(await self._reader.readline())
        return self.told

    async def ready(self) -> bool:
        """Whether it has a policy, and with it serves."""
        return bool((await self.tell()).get("ready"))

    async def last_word(self) -> None:
        """After its end: what it had counted by then, if it could still say so."""
        with suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(1), self._one_at_a_time:
                while line := await self._reader.readline():
                    _, self.told = orjson.loads(line)

    def drain(self) -> None:
        with suppress(OSError):
            self._writer.write(b'"drain"\n')

    def kill(self) -> None:
        """End it at once; it serves nobody."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.close()

    def close(self) -> None:
        self._writer.close()
