"""APIs in processes of their own, to be killed and stopped as such."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_API = """
import asyncio, sys

async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            await asyncio.sleep(0.002)
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@dataclass
class Process:
    """One process that answers ``ok`` to each GET, after 2 ms."""

    port: int = 0
    _running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, on the port that it had before."""
        self._running = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _API, str(self.port), stdout=asyncio.subprocess.PIPE
        )
        assert self._running.stdout is not None
        self.port = int(await self._running.stdout.readline())

    def signal(self, number: signal.Signals) -> None:
        assert self._running is not None
        self._running.send_signal(number)

    async def kill(self) -> None:
        """End it at once, as the kernel does when memory is short."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            await self._running.wait()
            self._running = None


@asynccontextmanager
async def processes(count: int) -> AsyncIterator[list[Process]]:
    found = [Process() for _ in range(count)]
    try:
        await asyncio.gather(*(each.start() for each in found))
        yield found
    finally:
        await asyncio.gather(*(each.kill() for each in found))
