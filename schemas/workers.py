"""What a worker of the gateway tells the control plane of itself, and what it hears in return.

A worker calls; nobody calls a worker. So there is no port to guard, and a gateway on another
machine is reached as one on this machine is. All of it is for the inner network, with the gateway
key.
"""

from __future__ import annotations

from typing import Final, TypedDict

WORKERS: Final = "/internal/workers"
"""``POST`` :class:`WorkerReport`, answered with :class:`WorkerOrder`."""

EVERY: Final = 3.0
"""Seconds between two reports of a worker."""
MISSING_AFTER: Final = 5 * EVERY
"""Seconds without a report after which a worker is taken for gone."""


class WorkerReport(TypedDict):
    worker: str
    """Random, of this one process: its successor has another."""
    gateway: str
    """All workers of one machine and port together: host name and port."""
    address: str
    """``host:port`` that it listens on."""
    number: int
    """Its place among the gateway's workers."""
    revision: str
    """Of the policy in force; empty before the first."""
    started: float
    """Seconds since the epoch."""
    under_way: int
    """Requests begun and not ended."""
    connections: int
    draining: bool
    gone: bool
    """This is its last word."""


class WorkerOrder(TypedDict):
    drain: bool
    """It is to let another take its place, finish what is under way, and end."""
