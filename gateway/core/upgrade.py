"""Another protocol on the same connection: 101, then bytes both ways (RFC 9110 §7.8).

Only a route that names a protocol (``upgrade`` in ``x-city``) is ever asked for it, and only for
that one. The request passes every step before; afterwards nothing of what is said is looked at.
Each side is read no faster than the other takes it, silence both ways ends it, and when one side
has gone, what it said last is still written to the other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from gateway.core.http.body import Malformed

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.upstreams.connection import UpstreamConnection


def offer(protocol: bytes) -> Callable[[Core, Exchange], None]:
    """The step that asks the upstream for ``protocol`` where the client does."""
    said = b"\r\nconnection: upgrade\r\nupgrade: " + protocol

    def step(core: Core, exchange: Exchange) -> None:
        if (
            protocol in exchange.fields.upgrade
            and exchange.method == b"GET"
            and (exchange.body is None and not exchange.http10)
        ):
            exchange.upgrade = protocol
            exchange.hop += said
            exchange.repeatable = exchange.plain = False

    return step


def agreed(protocol: bytes, head: bytes) -> None:
    """``head``, an answer with 101, names ``protocol`` and nothing else.

    Raises:
        Malformed: it does not, or nothing was asked for.
    """
    named = re.findall(rb"(?im)^upgrade:[ \t]*(.*?)[ \t]*\r?$", head)
    if not protocol or [name.lower() for name in named] != [protocol]:
        raise Malformed("switched to a protocol that was not asked for")


class Tunnel:
    """A client's connection and an upstream's, as one. The exchange ends with it."""

    __slots__ = (
        "_client", "_connection", "_core", "_exchange", "_idle", "_idle_at", "_near", "_open",
    )  # fmt: skip

    def __init__(self, core: Core, exchange: Exchange, connection: UpstreamConnection) -> None:
        self._core = core
        self._exchange = exchange
        self._client = exchange.client
        self._connection = connection
        self._near = Side(self, self._client.transport, self._client_lost)
        self._idle = core.bounds.upgrade_idle
        self._idle_at = 0.0
        self._open = True

    def open(self, early: bytes) -> None:
        """Begin; ``early`` is what the upstream said after its answer."""
        near = self._near
        far = Side(self, self._connection.transport, self._upstream_lost)
        near.other, far.other = far, near
        self._core.upgraded += 1
        self._core.telemetry.count("upgrades")
        self._connection.switch(far)
        near.data_received(self._client.switch(near))
        far.data_received(early)

    def moved(self, side: Side, size: int) -> None:
        """So many bytes came from ``side``."""
        self._idle_at = self._client.deadline = monotonic() + self._idle
        if side is self._near:
            self._exchange.upload += size
        else:
            self._exchange.bytes_out += size

    def _client_lost(self, exc: Exception | None) -> None:
        self._close()
        self._connection.transport.close()
        # not forever: what the client said last is still on its way
        self._connection.deadline = monotonic() + self._core.bounds.stall
        self._exchange.connection = None
        self._client.connection_lost(exc)

    def _upstream_lost(self, exc: Exception | None) -> None:
        self._close()
        self._exchange.connection = None
        self._exchange.abandon()
        self._client.flush()
        self._connection.abandon()
        self._connection.connection_lost(exc)

    def _close(self) -> None:
        """Count what went through; once, by whichever side ends first."""
        if self._open:
            self._open = False
            self._core.upgraded -= 1
            count, exchange = self._core.telemetry.count, self._exchange
            count("upgrade_bytes_in", exchange.upload)
            count("upgrade_bytes_out", exchange.bytes_out)
            count("upgrades_idle", monotonic() >= self._idle_at)


class Side(asyncio.Protocol):
    """One end of a tunnel: what it brings is written to the other."""

    __slots__ = ("_lost", "_tunnel", "other", "transport")

    other: Side

    def __init__(
        self,
        tunnel: Tunnel,
        transport: asyncio.Transport,
        lost: Callable[[Exception | None], None],
    ) -> None:
        self._tunnel = tunnel
        self.transport = transport
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        self._tunnel.moved(self, len(data))
        other = self.other.transport
        if not other.is_closing():
            other.write(data)

    def pause_writing(self) -> None:
        other = self.other.transport
        if not other.is_closing():
            other.pause_reading()

    def resume_writing(self) -> None:
        other = self.other.transport
        if not other.is_closing():
            other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)
