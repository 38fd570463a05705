"""Who is told: many small receivers in one process, each with a port of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import httptools

Heard = Callable[[int, bytes, float], None]
"""Called with a receiver's number, what it was sent, and when by ``time.monotonic``."""

_TAKEN: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nwebhook-allowed-origin: *\r\n\r\n"
"""Answers a delivery, and the handshake that asks whether webhooks are wanted here."""


class Receiver(asyncio.Protocol):
    """One connection of a receiver: takes whatever is posted."""

    def __init__(self, number: int, heard: Heard, there: set[asyncio.WriteTransport]) -> None:
        self._number, self._heard, self._there = number, heard, there
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._there.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport:
            self._there.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        if body:
            self._heard(self._number, body, time.monotonic())
        if self._transport:
            self._transport.write(_TAKEN)


@asynccontextmanager
async def receiving(count: int, heard: Heard) -> AsyncIterator[list[str]]:
    """``count`` receivers; their URLs."""
    loop = asyncio.get_running_loop()
    there: set[asyncio.WriteTransport] = set()
    servers = [
        await loop.create_server(lambda n=n: Receiver(n, heard, there), "127.0.0.1", 0, backlog=16)  # type: ignore[misc]
        for n in range(count)
    ]
    try:
        yield [f"http://127.0.0.1:{one.sockets[0].getsockname()[1]}/told" for one in servers]
    finally:
        for server in servers:
            server.close()
        for transport in list(there):
            transport.abort()
        while there:  # each is told in a turn of the loop
            await asyncio.sleep(0)
