"""The gateway: worker processes that share one port, and the supervisor above them.

Each worker is a routing core of its own (:mod:`gateway.core`), on a socket of its own
(``SO_REUSEPORT``). The supervisor starts them, restarts one that dies, adds up their counters for
the admin port, and has them drain when it is told to stop. It is on no request's way.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

from gateway.core import tls
from gateway.core.admin import serve_admin
from gateway.core.exposition import exposition
from gateway.core.telemetry import departed

_log = logging.getLogger(__name__)
_ASK_EVERY: Final = 2.0
"""Seconds after which a worker's counters are asked for; what is lost if it is killed."""
_RESTART_AFTER: Final = 0.5
_LINE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All that the gateway is told.

    Attributes:
        host, port: where clients come in.
        workers: processes; about one a core.
        admin_host, admin_port: where ``/metrics``, ``/healthz`` and ``/readyz`` are; not for
            clients.
        control_url: ``http://host:port`` of the control plane, inside the city's network.
        state_dir: where the last good policy is kept.
        gateway_key: shared with the city's own APIs, which believe nobody else; text in bytes.
        pairwise_key: opens the resident in a token; at least 32 bytes.
        limits_url: ``local://``: each worker grants its share of every rate; ``redis://…``: rates
            hold across workers and machines, by leases (:mod:`gateway.leases`).
        access_log: a file, ``-`` for standard output, ``""`` for none.
        tls_cert, tls_key: PEM files of the certificate that clients are shown; ``""`` for plain
            HTTP.
        tls_client_ca: PEM file of authorities; every client must show a certificate of one.
        trace_ratio: of the requests that begin a trace, how many leave spans, from 0 to 1; those
            of a trace that is sampled always do.
        otlp_url: where spans go, by OTLP over HTTP (:mod:`gateway.otlp`); ``""`` for none.
        drain_seconds: how long what is under way may take when the gateway stops.
    """

    host: str
    port: int
    workers: int
    admin_host: str
    admin_port: int
    control_url: str
    state_dir: Path
    gateway_key: bytes = field(repr=False)
    pairwise_key: bytes = field(repr=False)
    limits_url: str = "local://"
    access_log: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    drain_seconds: float = 30.0
    trace_ratio: float = 0.0
    otlp_url: str = ""


def run(config: GatewayConfig) -> None:
    """Run the gateway until SIGTERM or SIGINT; returns when it has drained.

    Raises:
        OSError: a port cannot be had.
        ValueError: the configuration cannot be.
    """
    if not config.limits_url.startswith(("local://", "redis://", "rediss://")):
        raise ValueError(f"limits are kept at local:// or redis://, not {config.limits_url}")
    if config.workers < 1:
        raise ValueError("at least one worker is needed")
    files = tls.TlsFiles.of(config.tls_cert, config.tls_key, config.tls_client_ca)
    if files is not None:
        tls.read(files)  # so that a mistake is told here, in words
    uvloop.run(Supervisor(config).run())


class Worker:
    """One worker process, seen from above.

    Attributes:
        told: what it last said of itself (:meth:`gateway.core.app.Core.as_json`).
    """

    def __init__(self, config: GatewayConfig, number: int) -> None:
        self._config = config
        self._number = number
        self._one_at_a_time = asyncio.Lock()
        self._question = 0
        self.told: dict[str, Any] = {}

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.process", str(theirs.fileno()),
            pass_fds=(theirs.fileno(),),
        )  # fmt: skip
        theirs.close()
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE)
        self._writer.write(orjson.dumps(self._told_at_start()) + b"\n")

    def _told_at_start(self) -> dict[str, Any]:
        config = self._config
        return {
            "host": config.host,
            "port": config.port,
            "workers": config.workers,
            "first": self._number == 0,
            "control_url": config.control_url,
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

    def drain(self) -> None:
        with suppress(OSError):
            self._writer.write(b'"drain"\n')

    def close(self) -> None:
        self._writer.close()


class Supervisor:
    """Starts workers, keeps their number, and answers on the admin port."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._workers: dict[int, Worker] = {}
        self._departed: dict[str, Any] = {}
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        self._port_can_be_had()
        pages = {"/metrics": self._metrics, "/healthz": self._healthz, "/readyz": self._readyz}
        admin = await serve_admin(self._config.admin_host, self._config.admin_port, pages)
        kept = [asyncio.create_task(self._keep(number)) for number in range(self._config.workers)]
        asking = asyncio.create_task(self._ask())
        await self._stop.wait()
        await asyncio.gather(*kept)
        asking.cancel()
        admin.close()

    def _port_can_be_had(self) -> None:
        """Fail here and at once, rather than in every worker again and again."""
        family = socket.AF_INET6 if ":" in self._config.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._config.host, self._config.port))

    async def _keep(self, number: int) -> None:
        """See to it that there is a worker of this number until the gateway stops."""
        while not self._stop.is_set():
            worker = Worker(self._config, number)
            await worker.start()
            self._workers[number] = worker
            ended = asyncio.create_task(worker.process.wait())
            stop = asyncio.create_task(self._stop.wait())
            await asyncio.wait((ended, stop), return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if self._stop.is_set():
                await self._end(worker)
                return
            _log.error("worker %d ended with %s; another is started", number, ended.result())
            self._departed = departed(self._departed, worker.told)
            worker.close()
            del self._workers[number]
            await asyncio.sleep(_RESTART_AFTER)

    async def _end(self, worker: Worker) -> None:
        worker.drain()
        try:
            async with asyncio.timeout(self._config.drain_seconds + 5):
                await worker.process.wait()
        except TimeoutError:
            worker.process.kill()
            await worker.process.wait()
        worker.close()

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(_ASK_EVERY)
            await self._told()

    async def _told(self) -> list[dict[str, Any]]:
        return await asyncio.gather(*(worker.tell() for worker in list(self._workers.values())))

    # The admin port's pages

    async def _metrics(self) -> tuple[int, bytes]:
        told = await self._told()
        return 200, exposition([self._departed, *told], len(told))

    async def _healthz(self) -> tuple[int, bytes]:
        return 200, b"ok\n"

    async def _readyz(self) -> tuple[int, bytes]:
        """Ready: a worker has a policy, and the gateway is not about to stop."""
        told = await self._told()
        if self._stop.is_set():
            return 503, b"draining\n"
        if not any(worker.get("ready") for worker in told):
            return 503, b"no policy yet\n"
        return 200, b"ready\n"
