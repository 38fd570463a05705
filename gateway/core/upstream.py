"""The APIs behind the gateway, each a pool of kept connections to its addresses."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from gateway.core import reply
from gateway.core.bounds import Bounds
from gateway.core.connection import UpstreamConnection
from schemas import policy as wire

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange


class Address:
    """One ``host:port`` of an upstream.

    Attributes:
        resting: connections with nothing to do, the last used last.
        in_flight: exchanges under way.
        down_until: not tried before then if another address is there.
    """

    __slots__ = ("down_until", "host", "in_flight", "port", "resting")

    def __init__(self, text: str) -> None:
        host, _, port = text.rpartition(":")
        self.host = host.strip("[]")
        self.port = int(port)
        self.resting: list[UpstreamConnection] = []
        self.in_flight = 0
        self.down_until = 0.0


class Upstream:
    """One API behind the gateway.

    Args:
        name: as in the policy.
        config: see :class:`schemas.policy.Upstream`.
        loop: whose clock the deadlines are on.
    """

    def __init__(
        self, name: str, config: wire.Upstream, bounds: Bounds, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.name = name
        self.config = config
        self.sector = config["sector"]
        self.internal = config["internal"]
        self.addresses = [Address(text) for text in config["addresses"]]
        self.host = b"" if self.internal else config["addresses"][0].encode()
        """``Host`` sent upstream; ``b""`` for the client's own, which the city's APIs link by."""
        self.connect_timeout = config["connect_timeout_ms"] / 1000
        self.response_timeout = config["response_timeout_ms"] / 1000
        self.idle_timeout = config["idle_timeout_ms"] / 1000
        self.connections: set[UpstreamConnection] = set()
        self.waiting: deque[Exchange] = deque()
        self._dialling = 0
        self._most = config["max_connections"]
        self._bounds = bounds
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._retired = False

    # An exchange's way to a connection

    def send(self, exchange: Exchange) -> None:
        """Carry ``exchange`` on a resting connection at once, or on a new one when there is one."""
        addresses = self.addresses
        address = addresses[0] if len(addresses) == 1 else self._order()[0]
        resting = address.resting
        if resting:
            connection = resting[-1]
            longest = (
                self._bounds.upstream_rest if exchange.repeatable else self._bounds.upstream_fresh
            )
            if (
                exchange.began - connection.rested <= longest
                and not connection.transport.is_closing()
            ):
                resting.pop()
                connection.carry(exchange)
                return
        self._dial_for(exchange)

    def repeat(self, exchange: Exchange) -> None:
        """Send once more what met a closing connection: on a new one, which cannot."""
        exchange.repeatable = False
        self._dial_for(exchange)

    def _dial_for(self, exchange: Exchange) -> None:
        exchange.held = True
        exchange.client.pause_body()
        if len(self.connections) + self._dialling < self._most or self._drop_resting():
            self._dial(exchange)
        elif len(self.waiting) < self._most:
            self.waiting.append(exchange)
            exchange.client.wait_for_upstream(self.connect_timeout)
        else:
            exchange.fail(reply.UPSTREAM_BUSY, "busy")

    def _drop_resting(self) -> bool:
        """Make room for a new connection where all are open but some rest."""
        for address in self.addresses:
            if address.resting:
                connection = address.resting.pop(0)
                self.connections.discard(connection)
                connection.transport.abort()
                return True
        return False

    def _dial(self, exchange: Exchange) -> None:
        self._dialling += 1
        task = self._loop.create_task(self._connect(exchange))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, exchange: Exchange) -> None:
        connection = None
        for address in self._order():
            try:
                async with asyncio.timeout(self.connect_timeout):
                    _, connection = await self._loop.create_connection(
                        partial(UpstreamConnection, self, address),
                        address.host, address.port,
                    )  # fmt: skip
                break
            except (OSError, TimeoutError):
                address.down_until = monotonic() + self._bounds.down
        self._dialling -= 1
        if connection is None:
            if exchange.alive:
                exchange.fail(reply.UPSTREAM_DOWN, "connect")
            self._serve_waiting()
        elif exchange.alive:
            connection.carry(exchange)
        else:
            connection.rested = monotonic()
            self.rest(connection)

    def _order(self) -> list[Address]:
        """Addresses as they are to be tried: those not known to be down, least busy first."""
        now = monotonic()
        return sorted(self.addresses, key=lambda at: (at.down_until > now, at.in_flight))

    # What connections report

    def rest(self, connection: UpstreamConnection) -> None:
        """``connection`` is free: for who waits, or for later."""
        while self.waiting:
            exchange = self.waiting.popleft()
            if exchange.alive:
                connection.carry(exchange)
                return
        if self._retired:
            connection.transport.close()
        else:
            connection.address.resting.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        self.connections.discard(connection)
        if connection in connection.address.resting:
            connection.address.resting.remove(connection)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self.waiting and len(self.connections) + self._dialling < self._most:
            exchange = self.waiting.popleft()
            if exchange.alive:
                self._dial(exchange)

    # From time to time

    def tick(self, now: float) -> None:
        """Give up what is overdue, close what has rested long enough."""
        for connection in [found for found in self.connections if found.deadline <= now]:
            connection.expire()
        for address in self.addresses:
            resting = address.resting
            while resting and now - resting[0].rested > self._bounds.upstream_rest:
                resting.pop(0).transport.close()

    def retire(self) -> None:
        """No policy names this upstream any more: what is under way ends, nothing is kept."""
        self._retired = True
        for address in self.addresses:
            while address.resting:
                address.resting.pop().transport.close()

    def revive(self) -> None:
        """A policy names it again."""
        self._retired = False

    @property
    def busy(self) -> bool:
        waits = self._dialling or self.waiting
        return bool(waits or any(found.exchange for found in self.connections))

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self.connections):
            connection.transport.abort()
