"""Brokers in processes of their own, which can be killed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.servers.ports import free_ports

DEADLINE = 60.0


@dataclass
class BrokerProcess:
    """A broker in a process of its own, on a port that it keeps.

    Attributes:
        alone: it knows no domain but that of the tests.
    """

    store: str
    log: str
    alone: bool = False
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "--factory", "tests.services.broker.server:create"),
            *("--port", str(self.port), "--log-level", "critical"),
            *("--timeout-graceful-shutdown", "1"),
            env=self._environment(),
        )
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        given = {"TEST_STORE": self.store, "TEST_LOG": self.log}
        return {**os.environ, **given, **({"TEST_ALONE": "1"} if self.alone else {})}

    async def kill(self) -> None:
        assert self.process
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        assert self.process
        if self.process.returncode is None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), DEADLINE)


@asynccontextmanager
async def process(store: str, log: str, *, alone: bool = False) -> AsyncIterator[BrokerProcess]:
    broker = BrokerProcess(store, log, alone)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
