"""The broker as a running server, and parties that speak to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from schemas.cloudevents import BATCH_MEDIA_TYPE
from services.broker import tables
from services.broker.app import create_broker
from services.broker.migrations import VERSIONS
from tests import stores
from tests.serving import serving as serving

OPEN = "entities:read entities:write events:read events:publish events:publish-city"
ALL = f"{OPEN} entities:personal events:personal"
BATCH = {"content-type": BATCH_MEDIA_TYPE}
DEADLINE = 20.0


@asynccontextmanager
async def running(store_url: str, log_url: str, **options: Any) -> AsyncIterator[str]:
    """A broker; its URL."""
    stores.place(store_url, tables.COMPONENT, tables.metadata, VERSIONS)
    async with serving(create_broker(store_url=store_url, log_url=log_url, **options)) as url:
        yield url


def party(url: str, *, client: str = "tests", scope: str = OPEN) -> httpx.AsyncClient:
    """A client as the gateway would present it."""
    headers = {"x-city-client": client, "x-city-scope": scope}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=30)


async def until(condition: Callable[[], Any], deadline: float = DEADLINE) -> None:
    """Wait for a condition that nobody announces."""
    async with asyncio.timeout(deadline):
        while not condition():
            await asyncio.sleep(0.01)


class Listener:
    """Reads an event stream in the background."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.comments: list[str] = []
        self._heard = asyncio.Condition()

    async def until(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(DEADLINE), self._heard:
            await self._heard.wait_for(lambda: len(self.events) >= count)
        return self.events

    @property
    def numbers(self) -> list[int]:
        return [event["data"]["number"] for event in self.events]

    async def follow(self, api: httpx.AsyncClient, types: str) -> None:
        """Read a stream for ever, resuming when it ends, as an EventSource does."""
        while True:
            headers = {"last-event-id": self.ids[-1]} if self.ids else {}
            try:
                async with api.stream(
                    "GET", "/events/v1/stream", params={"types": types}, headers=headers
                ) as answer:
                    await self.read(answer)
            except httpx.TransportError:
                await asyncio.sleep(0.1)

    async def read(self, answer: httpx.Response) -> None:
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                self.ids.append(value)
            elif name == "data":
                async with self._heard:
                    self.events.append(orjson.loads(value))
                    self._heard.notify_all()
            elif line.startswith(":"):
                self.comments.append(line)


@asynccontextmanager
async def listening(
    api: httpx.AsyncClient, types: str = "", last_id: str = ""
) -> AsyncIterator[Listener]:
    """An open stream; entered when its first bytes are there."""
    listener = Listener()
    headers = {"last-event-id": last_id} if last_id else {}
    async with api.stream(
        "GET", "/events/v1/stream", params={"types": types}, headers=headers
    ) as answer:
        assert answer.status_code == 200, await answer.aread()
        task = asyncio.create_task(listener.read(answer))
        await until(lambda: listener.comments or listener.events)
        yield listener
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish(api: httpx.AsyncClient, *events: dict[str, Any]) -> httpx.Response:
    return await api.post("/events/v1/events", content=orjson.dumps(events), headers=BATCH)
