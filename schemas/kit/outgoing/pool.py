"""Connections kept for the next message to the same receiver."""

from __future__ import annotations

import ssl
import time
from collections import OrderedDict
from typing import Final

import httpx

from schemas.kit.outgoing.connection import Connection
from schemas.kit.outgoing.guard import Guard

MOST_IDLE: Final = 1024
IDLE_SECONDS: Final = 30.0

_Key = tuple[str, str, int]


class Pool:
    """Idle connections by receiver; the oldest goes when there are too many.

    Args:
        tls: whom to trust; the system's authorities without it.
    """

    def __init__(self, guard: Guard, tls: ssl.SSLContext | None) -> None:
        self._guard, self._given = guard, tls
        self._tls: ssl.SSLContext | None = None
        self._idle: OrderedDict[Connection, _Key] = OrderedDict()
        self._by_key: dict[_Key, list[Connection]] = {}

    async def take(self, url: httpx.URL, *, fresh: bool = False) -> Connection:
        """A connection to where the URL leads; ``fresh`` for one that was never used.

        Raises:
            Refused: none may be made.
            OSError: none can be made.
        """
        key = _key(url)
        while not fresh and (found := self._pop(key)):
            if found.is_open and time.monotonic() - found.idle_since < IDLE_SECONDS:
                return found
            found.close()
        return await self._connect(*key)

    async def _connect(self, scheme: str, host: str, port: int) -> Connection:
        plain = scheme == "http"
        problem: OSError = ConnectionError("the host has no address")
        for address in await self._guard.addresses(host, port, plain=plain):
            try:
                return await Connection.open(address, port, None if plain else self._trust(), host)
            except ssl.SSLError:
                raise
            except OSError as error:
                problem = error
        raise problem

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._given or ssl.create_default_context()
        return self._tls

    def keep(self, url: httpx.URL, connection: Connection) -> None:
        """Put a connection back whose answer was read to its end."""
        key = _key(url)
        self._idle[connection] = key
        self._by_key.setdefault(key, []).append(connection)
        now = time.monotonic()
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= MOST_IDLE and now - oldest.idle_since < IDLE_SECONDS:
                return
            self._forget(oldest)
            oldest.close()

    def _pop(self, key: _Key) -> Connection | None:
        found = self._by_key.get(key)
        if not found:
            return None
        connection = found[-1]
        self._forget(connection)
        return connection

    def _forget(self, connection: Connection) -> None:
        key = self._idle.pop(connection)
        left = self._by_key[key]
        left.remove(connection)
        if not left:
            del self._by_key[key]

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self._by_key.clear()


def _key(url: httpx.URL) -> _Key:
    port = url.port or (443 if url.scheme == "https" else 80)
    return url.scheme, url.raw_host.decode(), port
