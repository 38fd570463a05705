"""The gateway: worker processes that share one port, and the supervisor above them.

Each worker is a routing core of its own (:mod:`gateway.core`), on a socket of its own
(``SO_REUSEPORT``). The supervisor starts them, restarts one that dies, adds up their counters for
the admin port, and has them drain when it is told to stop. It is on no request's way.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop

from gateway.child import Worker, listening
from gateway.core import tls
from gateway.core.admin import serve_admin
from gateway.core.proof.replays import PER_WORKER, Replays
from gateway.core.telemetry.exposition import exposition
from gateway.core.telemetry.telemetry import departed

_log = logging.getLogger(__name__)
_ASK_EVERY: Final = 2.0
"""Seconds after which a worker's counters are asked for; what is lost if it is killed."""
_RESTART_AFTER: Final = 0.5
_READY_WITHIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All that the gateway is told.

    Attributes:
        host, port: where clients come in.
        workers: processes; about one a core.
        admin_host, admin_port: where ``/metrics``, ``/healthz`` and ``/readyz`` are; not for
            clients.
        control_url: ``http://host:port`` of the control plane, inside the city's network.
        state_dir: where the last good policy is kept, and the journals of accesses until they are
            shipped.
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


class Supervisor:
    """Starts workers, keeps their number, and answers on the admin port."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._workers: dict[int, Worker] = {}
        self._leaving: set[Worker] = set()
        self._renew = asyncio.Event()
        self._due: set[Worker] = set()
        self._departed: dict[str, Any] = {}
        self._proofs = Replays.file_for(config.workers * PER_WORKER)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._replace_soon(self._workers.values()))
        self._port_can_be_had()
        pages = {"/metrics": self._metrics, "/healthz": self._healthz, "/readyz": self._readyz}
        admin = await serve_admin(self._config.admin_host, self._config.admin_port, pages)
        kept = [asyncio.create_task(self._keep(number)) for number in range(self._config.workers)]
        asking = asyncio.create_task(self._ask())
        renewing = asyncio.create_task(self._renew_when_told())
        await self._stop.wait()
        renewing.cancel()
        await asyncio.gather(*kept)
        asking.cancel()
        admin.close()
        os.close(self._proofs)

    def _port_can_be_had(self) -> None:
        """Fail here and at once, rather than in every worker again and again."""
        family = socket.AF_INET6 if ":" in self._config.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._config.host, self._config.port))

    async def _keep(self, number: int) -> None:
        """See to it that there is a worker of this number until the gateway stops."""
        left: socket.socket | None = None
        while not self._stop.is_set():
            sock = left or listening(self._config.host, self._config.port)
            worker = Worker(self._config, number, sock, self._proofs)
            await worker.start()
            self._workers[number] = worker
            while await self._outlived(worker):
                worker = self._workers[number]
            if self._stop.is_set():
                worker.socket.close()
                # two, if one is just being replaced
                await asyncio.gather(*(self._end(each) for each in self._of(number, worker)))
                return
            del self._workers[number]
            left = _left_by(worker)
            await asyncio.sleep(_RESTART_AFTER)

    def _of(self, number: int, worker: Worker) -> set[Worker]:
        return {each for each in (worker, self._workers[number]) if each.process.returncode is None}

    async def _outlived(self, worker: Worker) -> bool:
        """Wait for the end of ``worker``, or of the gateway; whether another has its place."""
        ended = asyncio.create_task(worker.process.wait())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait((ended, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not ended.done():
            return False
        if not worker.replaced:
            _log.error("worker %d ended with %s; another is started", worker.number, ended.result())
        await worker.last_word()
        self._departed = departed(self._departed, worker.told)
        self._leaving.discard(worker)
        worker.close()
        return worker.replaced

    # A successor for each worker, without a connection lost

    async def _renew_when_told(self) -> None:
        """One worker after the other: on SIGHUP all of them (code, settings of the machine,
        memory), else who was told by the control plane to drain (:mod:`gateway.presence`)."""
        while True:
            await self._renew.wait()
            self._renew.clear()
            due, self._due = self._due, set()
            for worker in sorted(due, key=lambda one: one.number):
                if self._workers.get(worker.number) is not worker:
                    continue  # it has a successor already
                if not await self._replace(worker.number):
                    _log.error("worker %d stays: its successor does not get ready", worker.number)
                    break
            else:
                _log.info("%d workers were replaced", len(due))

    def _replace_soon(self, workers: Iterable[Worker]) -> None:
        self._due.update(workers)
        self._renew.set()

    async def _replace(self, number: int) -> bool:
        """Whether there is a successor, on the same socket and ready before the other goes."""
        before = self._workers.get(number)
        if before is None:
            return False
        after = Worker(self._config, number, before.socket, self._proofs)
        await after.start()
        try:
            if await self._gets_ready(after) and self._workers.get(number) is before:
                before.replaced = True
                self._leaving.add(before)
                self._workers[number] = after
                before.drain()
        finally:
            if not before.replaced:
                after.kill()
        return before.replaced

    async def _gets_ready(self, worker: Worker) -> bool:
        try:
            async with asyncio.timeout(_READY_WITHIN):
                while worker.process.returncode is None:
                    if await worker.ready():
                        return True
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        return False

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
        workers = list(self._workers.values())
        told = await asyncio.gather(*(worker.tell() for worker in workers))
        if leaving := [worker for worker in workers if worker.told.get("to_leave")]:
            self._replace_soon(leaving)
        return told

    def _gone(self) -> dict[str, Any]:
        """The counters of those that have gone, and of those about to."""
        found = self._departed
        for worker in self._leaving:
            found = departed(found, worker.told)
        return found

    # The admin port's pages

    async def _metrics(self) -> tuple[int, bytes]:
        told = await self._told()
        return 200, exposition([self._gone(), *told], len(told))

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


def _left_by(worker: Worker) -> socket.socket | None:
    """The socket for the successor of a worker that was told to stop: who waits in its queue is
    served. After a crash it is closed, so that others have what comes in until there is one; who
    was in its queue, and nobody else, is lost."""
    if worker.process.returncode == 0:
        return worker.socket
    worker.socket.close()
    return None
