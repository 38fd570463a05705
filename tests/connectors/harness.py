"""A connector on its own: its API over ASGI, and an ear for what it publishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from connectors.base import Connector, Context, utc_now
from schemas.kit.outbox import Message
from tests import stores


@dataclass
class Said:
    """A sink that remembers. ``deaf`` makes it refuse, as a broker that is away would."""

    messages: list[Message] = field(default_factory=list)
    deaf: bool = False
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, messages: list[Message]) -> None:
        if self.deaf:
            raise ConnectionError("the broker is away")
        async with self.heard:
            self.messages += messages
            self.heard.notify_all()

    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(m.body) for m in self.messages if m.channel == "event"]

    def entities(self) -> dict[str, dict[str, Any]]:
        """The latest state of each entity, normalized; those gone are not there."""
        latest: dict[str, dict[str, Any]] = {}
        for message in self.messages:
            if message.channel == "entity":
                latest[message.key] = orjson.loads(message.body)
            elif message.channel == "gone":
                latest.pop(message.key, None)
        return latest

    async def until(self, condition: Any, seconds: float = 60) -> None:
        """Wait until ``condition(self)`` holds."""
        async with self.heard:
            await asyncio.wait_for(self.heard.wait_for(lambda: condition(self)), seconds)


@dataclass
class Running:
    connector: Connector
    said: Said
    api: httpx.AsyncClient


@asynccontextmanager
async def running(
    kind: type[Connector],
    folder: Path,
    *,
    sources: dict[str, str] | None = None,
    sample: bool = False,
    clock: Any = utc_now,
    store_url: str = "",
) -> AsyncIterator[Running]:
    """Start ``kind`` with its files and tables in ``folder``; stop it at the end.

    Call the API as the gateway would: identity by ``X-City-*`` headers.
    """
    said = Said()
    store_url = store_url or f"sqlite+aiosqlite:///{folder}"
    connector = kind(
        Context(
            store_url=store_url,
            sink=said,
            sources=sources or {},
            sample=sample,
            clock=clock,
        )
    )
    store = connector.store
    stores.place(store_url, store.component, store.metadata, store.versions)
    await connector.start()
    transport = httpx.ASGITransport(connector.app(), raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://connector") as api:
            yield Running(connector, said, api)
    finally:
        await connector.stop()


def fixed(moment: datetime) -> Any:
    """A clock that stands still."""
    return lambda: moment
