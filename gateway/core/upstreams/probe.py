"""Asking addresses how they are (active health).

An API that names a health path is asked for it by every worker every few seconds, on a connection
of its own: one that accepts connections and answers nobody is found out without a request having
to wait for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from random import uniform
from typing import Final

from gateway.core.bounds import Bounds
from gateway.core.upstreams.address import Address

_GOOD: Final = re.compile(rb"HTTP/1\.[01] 2[0-9]{2}[ \r]")


async def is_healthy(address: Address, path: str, host: bytes, seconds: float) -> bool:
    """Whether ``GET path`` is answered with 2xx within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address.host, address.port, limit=4_096)
            try:
                writer.write(
                    b"GET %b HTTP/1.1\r\nhost: %b\r\nuser-agent: supercity-gateway\r\n"
                    b"connection: close\r\n\r\n" % (path.encode(), host or address.text.encode())
                )
                return bool(_GOOD.match(await reader.readuntil(b"\r\n")))
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
        return False


class Probes:
    """The health checks of one upstream.

    Args:
        path: what is asked for.
        host: ``Host`` that is sent; ``b""`` for the address.
        addresses: gives those that there are; one alone is not asked, there is no choice.
        checked: told what each said.
    """

    def __init__(
        self,
        path: str,
        host: bytes,
        addresses: Callable[[], Iterable[Address]],
        checked: Callable[[Address, bool], None],
        bounds: Bounds,
    ) -> None:
        self._path = path
        self._host = host
        self._addresses = addresses
        self._checked = checked
        self._bounds = bounds

    async def run(self) -> None:
        """Ask for ever; ends when cancelled."""
        while True:
            # not all workers at the same moment
            await asyncio.sleep(self._bounds.probe * uniform(0.8, 1.2))  # noqa: S311
            addresses = tuple(self._addresses())
            if len(addresses) > 1:
                await asyncio.gather(*(self._one(address) for address in addresses))

    async def _one(self, address: Address) -> None:
        healthy = await is_healthy(address, self._path, self._host, self._bounds.probe_timeout)
        self._checked(address, healthy)
