"""One ``host:port`` of an upstream, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.core.bounds import Bounds
from gateway.core.upstreams.health import Health

if TYPE_CHECKING:
    from gateway.core.upstreams.connection import UpstreamConnection

Watch = Callable[["UpstreamConnection", int], None]
"""Told of the status of each answer whose head has come."""


class Address:
    """One ``host:port``.

    Attributes:
        resting: connections with nothing to do, the last used last.
        in_flight, dialling: exchanges under way, and those for which a connection is being made.
        latency: from a request's end to the head of its answer, seconds, lately; 0 if not known.
        measured: when that was last known.
        cost: what one more exchange on it is reckoned at; see ``core/upstreams/balance.py``.
        watch: who wants to know of its answers; None where nobody has a reason to.
    """

    __slots__ = (
        "cost", "dialling", "health", "host", "in_flight", "latency", "measured", "port",
        "resting", "watch",
    )  # fmt: skip

    def __init__(self, host: str, port: int, bounds: Bounds) -> None:
        self.host = host
        self.port = port
        self.resting: list[UpstreamConnection] = []
        self.in_flight = 0
        self.dialling = 0
        self.latency = 0.0
        self.measured = 0.0
        self.cost = 0.0
        self.health = Health(bounds)
        self.watch: Watch | None = None

    @property
    def text(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
