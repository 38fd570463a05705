"""One question of a worker to the control plane, over a connection of its own.

For what a worker says every few seconds, off every request's way: no HTTP client is needed for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from gateway.core.http.answer import Answer
from schemas.headers import GATEWAY_KEY

TIMEOUT: Final = 10.0


class NotTaken(Exception):
    """The control plane did not take what it was sent."""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Where it is.

    Attributes:
        url: ``http://host:port`` inside the city's network.
    """

    url: str
    gateway_key: bytes = field(repr=False)

    async def post(self, path: str, body: bytes) -> Any:
        """Send JSON.

        Returns:
            The JSON that came back; ``{}`` for nothing.

        Raises:
            Exception: it was not taken, or who knows.
        """
        url = urlsplit(self.url)
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
            try:
                writer.write(self._question(f"{url.hostname}:{url.port or 80}", path, body))
                answer = Answer((await reader.readuntil(b"\r\n\r\n"))[:-4])
                said: Any = orjson.loads(await reader.readexactly(max(0, answer.length)) or b"{}")
            finally:
                writer.close()
        if answer.status not in (200, 204):
            raise NotTaken(f"the control plane answered {answer.status}")
        return said

    def _question(self, host: str, path: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {host}\r\n"
            f"{GATEWAY_KEY}: {self.gateway_key.decode()}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + body
