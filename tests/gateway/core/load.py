"""Load on a gateway: clients that ask again and again, each on a connection of its own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.core.city import Gateway, request


@dataclass
class Load:
    """What was answered so far. Every answer is checked: one of ``bodies``, or a problem."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    done: int = 0

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def quantile(self, share: float, since: int = 0) -> float:
        found = sorted(self.seconds[since:])
        return found[min(len(found) - 1, int(share * len(found)))]

    async def more(self, count: int, seconds: float = 20.0) -> None:
        """Wait until so many more were answered."""
        goal = self.done + count
        async with asyncio.timeout(seconds):
            while self.done < goal:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def load(
    city: Gateway, clients: int = 8, method: str = "GET", body: bytes = b"", pause: float = 0.0
) -> AsyncIterator[Load]:
    """``clients`` ask ``/open`` until the end, each ``pause`` seconds after its last answer."""
    found = Load()
    stop = asyncio.Event()
    asked = request("/open", method=method, body=body)

    async def client() -> None:
        raw = await city.open()
        while not stop.is_set():
            began = time.monotonic()
            raw.writer.write(asked)
            reply = await raw.reply()
            found.seconds.append(time.monotonic() - began)
            found.statuses[reply.status] += 1
            if reply.status == 200:
                assert reply.body == b"ok"
            else:
                found.problems[reply.problem["type"].rpartition(":")[2]] += 1
            found.done += 1
            if pause:
                await asyncio.sleep(pause)

    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        yield found
    finally:
        stop.set()
        await asyncio.gather(*tasks)
