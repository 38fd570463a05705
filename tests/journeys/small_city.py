"""A city small enough to break: APIs and a gateway in processes of their own, a plane to take away.

The gateway is the real one: a supervisor with its workers, on real sockets. The control plane is
the one page that the gateway asks it for, so that a test can say what is in force, and when nobody
is there to ask. Each API says back what it was asked, and by whom, so that an answer that went to
the wrong client is seen; and it writes down each request with content before it answers.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from schemas.policy import Snapshot
from tests.gateway.core.city import GATEWAY_KEY, PAIRWISE_KEY, client, route, snapshot
from tests.gateway.test_worker import Running, eventually, free_port

WORKERS = 2
API = """
import asyncio, sys

port, journal, seconds = int(sys.argv[1]), open(sys.argv[2], "ab", buffering=0), float(sys.argv[3])

async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode().split("\\r\\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            asked = head[0].rpartition(" ")[0]
            if length := int(fields.get("content-length", 0)):
                await reader.readexactly(length)
                journal.write(asked.encode() + b"\\n")
            await asyncio.sleep(seconds)
            said = (asked + " " + fields.get("x-city-client", "")).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(said) + said)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

GATEWAY = """
import json, sys
from pathlib import Path
from gateway.worker import GatewayConfig, run
told = json.loads(sys.argv[1])
for name in ("gateway_key", "pairwise_key"):
    told[name] = told[name].encode()
run(GatewayConfig(**{**told, "state_dir": Path(told["state_dir"])}))
"""


class Holder:
    """An API in a process of its own, which answers after ``seconds``.

    Args:
        journal: the file into which it writes what it was asked with content.
    """

    def __init__(self, journal: Path, seconds: float = 0.002) -> None:
        self.port = 0
        self.seconds = seconds
        self._journal = journal
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, on the port that it had before."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", API, str(self.port), str(self._journal), str(self.seconds),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int(await self._process.stdout.readline())

    async def kill(self) -> None:
        """End it at once, as the kernel does when memory is short."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None


@asynccontextmanager
async def holders(folder: Path, *seconds: float) -> AsyncIterator[list[Holder]]:
    """As many APIs as there are ``seconds``, each answering after its own."""
    found = [Holder(folder / "journal", each) for each in seconds]
    try:
        await asyncio.gather(*(each.start() for each in found))
        yield found
    finally:
        await asyncio.gather(*(each.kill() for each in found))


def written(folder: Path) -> list[str]:
    """What the APIs were asked with content, in all."""
    journal = folder / "journal"
    return journal.read_text().splitlines() if journal.exists() else []


class Plane:
    """The control plane, as far as the gateway knows it: the policy, by long poll.

    Attributes:
        waiting: questions that wait for a newer policy than this revision.
    """

    def __init__(self, policy: Snapshot) -> None:
        self.port = 0
        self.waiting = Counter[str]()
        self._policy = policy
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[StreamWriter] = set()

    async def start(self) -> None:
        """Be there, where it was before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Be gone, with every connection."""
        if self._server is not None:
            self._server.close()
            for writer in self._open:
                writer.transport.abort()
            self._server = None

    def publish(self, policy: Snapshot) -> None:
        """From now on this is the policy."""
        self._policy = policy
        self._changed.set()
        self._changed = asyncio.Event()

    async def taken(self, workers: int, seconds: float = 30) -> None:
        """Wait until so many workers have the policy, and ask for the next."""
        async with asyncio.timeout(seconds):
            while self.waiting[self._policy["revision"]] < workers:
                await asyncio.sleep(0.002)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._open.add(writer)
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
            if f'"{self._policy["revision"]}"' in asked and not await self._news(reader):
                return
            text, revision = orjson.dumps(self._policy), self._policy["revision"].encode()
            head = b'HTTP/1.1 200 OK\r\nETag: "%b"\r\nContent-Length: %d\r\n\r\n'
            writer.write(head % (revision, len(text)) + text)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _news(self, reader: StreamReader) -> bool:
        """Wait for a newer policy; False if who asked is gone before."""
        known = self._policy["revision"]
        self.waiting[known] += 1
        changed = asyncio.create_task(self._changed.wait())
        gone = asyncio.create_task(reader.read())
        await asyncio.wait((changed, gone), return_when=asyncio.FIRST_COMPLETED)
        self.waiting[known] -= 1
        gone.cancel()
        changed.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await gone
        return known != self._policy["revision"]


ROUTES = [
    # life-safety: on a busy machine the core would shed what is less, which is no fault of these
    route("/stops/{stop}", priority="life-safety"),
    route("/stops/{stop}", "POST", priority="life-safety"),
]


def policy(*ports: int, revision: str = "r0", **changes: Any) -> Snapshot:
    """A policy with the clients of the load; the APIs listen on ``ports``."""
    clients = {f"app-{number}": client() for number in range(32)}
    found = {"routes": ROUTES, "clients": clients, "revision": revision, **changes}
    return snapshot(*ports, **found)


@asynccontextmanager
async def gateway(plane: Plane, folder: Path, **more: str) -> AsyncIterator[Running]:
    """The gateway in a process of its own, ready; ``more`` are members of its configuration."""
    port, admin = free_port(), free_port()
    told = {
        "host": "127.0.0.1", "port": port, "workers": WORKERS, "admin_host": "127.0.0.1",
        "admin_port": admin, "control_url": f"http://127.0.0.1:{plane.port}",
        "state_dir": str(folder / "state"), "gateway_key": GATEWAY_KEY.decode(),
        "pairwise_key": PAIRWISE_KEY.decode(), "drain_seconds": 10, **more,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, orjson.dumps(told).decode()
    )
    found = Running(port, admin, process)
    try:
        await eventually(found.ready)
        await plane.taken(WORKERS)
        yield found
    finally:
        if process.returncode is None:
            process.terminate()  # killed, it would leave its workers to find out
            await process.wait()
        await plane.kill()
