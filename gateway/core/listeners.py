"""The sockets by which clients come in, and how they are given up without losing anybody.

Closing a listening socket resets the connections that wait in its queue: their clients take
themselves for connected, and may have sent a request. So what is in the queue is taken first.
(Handshakes that are not complete are lost even so, unless the kernel hands them to another worker
of the port: ``net.ipv4.tcp_migrate_req=1``.)
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from gateway.core.bounds import Bounds
from gateway.core.tls import Tls

_BACKLOG = 2048


class Listeners:
    """Listening sockets of a worker.

    Args:
        make: a new protocol, for one more connection.
        tls: how connections are secured; None for plain HTTP.
    """

    def __init__(self, make: Callable[[], asyncio.Protocol], tls: Tls | None, bounds: Bounds):
        self._make = make
        self._secured: dict[str, Any] = {}
        if tls is not None:
            self._secured = {
                "ssl": tls.context,
                "ssl_handshake_timeout": bounds.head,
                "ssl_shutdown_timeout": bounds.linger,
            }
        self._servers: list[tuple[asyncio.Server, socket.socket]] = []

    async def add(self, sock: socket.socket) -> None:
        """Accept connections from ``sock``, which is bound."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._make, sock=sock, backlog=_BACKLOG, **self._secured)
        self._servers.append((server, sock))

    async def give_up(self) -> None:
        """Accept what is in the queues, and nothing more."""
        servers, self._servers = self._servers, []
        queued: list[socket.socket] = []
        for server, sock in servers:
            queued += _accepted(sock)
            server.close()
        loop = asyncio.get_running_loop()
        greeted = [
            loop.connect_accepted_socket(self._make, sock, **self._secured) for sock in queued
        ]
        await asyncio.gather(*greeted, return_exceptions=True)  # some are gone by now

    def close(self) -> None:
        """Close all at once."""
        for server, _ in self._servers:
            server.close()
        self._servers.clear()


def _accepted(sock: socket.socket) -> Iterator[socket.socket]:
    """Connections that nobody has taken from the queue of ``sock`` yet."""
    with suppress(OSError):  # BlockingIOError: no more of them
        while True:
            found, _ = sock.accept()
            found.setblocking(False)
            yield found
