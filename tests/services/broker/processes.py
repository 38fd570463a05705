"""Brokers in processes of their own, which can be killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx

from tests.servers.forked import Forked
from tests.servers.ports import free_ports
from tests.services.broker.server import serve

DEADLINE = 60.0


@dataclass
class BrokerProcess:
    """A broker in a process of its own, on a port that it keeps.

    Attributes:
        deliver_to: the networks that it may call; none but public ones when empty.
        alone: it knows no domain but that of the tests.
    """

    store: str
    log: str
    deliver_to: str = ""
    alone: bool = False
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: Forked | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        work = partial(serve, alone=self.alone)
        self.process = Forked(work, self.port, self.store, self.log, self.deliver_to)
        async with asyncio.timeout(DEADLINE), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self.process
        await self.process.kill()

    async def stop(self) -> None:
        assert self.process
        if self.process.running:
            await self.process.stop(DEADLINE)


@asynccontextmanager
async def process(
    store: str, log: str, *, deliver_to: str = "", alone: bool = False
) -> AsyncIterator[BrokerProcess]:
    broker = BrokerProcess(store, log, deliver_to, alone)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
