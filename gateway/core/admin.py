"""The admin port: what operators and orchestrators ask. Never reachable from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST

Page = Callable[[], Awaitable[tuple[int, bytes]]]
"""Status and body of one page."""

_TEXT = "text/plain; charset=utf-8"


async def serve_admin(host: str, port: int, pages: Mapping[str, Page]) -> asyncio.Server:
    """Serve ``pages`` by path until the server is closed.

    Args:
        pages: such as ``{"/metrics": …, "/healthz": …, "/readyz": …}``.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ")
            page = pages.get(path.partition("?")[0])
            status, body = await page() if page else (404, b"not found\n")
            kind = CONTENT_TYPE_LATEST if path.startswith("/metrics") else _TEXT
            writer.write(
                f"HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
                "connection: close\r\n\r\n".encode()
            )
            writer.write(b"" if method == "HEAD" else body)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, host, port, limit=16_384)
