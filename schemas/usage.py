"""How clients use the city's APIs: what gateway workers count, and tell the control plane.

Counted per client and operation, never per resident. A worker tells what it has counted since it
last did, a few seconds ago, in numbered reports: one that comes twice counts once.
"""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

USAGE_PATH: Final = "/internal/usage"
"""Where the control plane takes a :class:`UsageReport`; never routed from outside. It answers 204,
also to a report that it has already."""

MOST_USES: Final = 500
"""In one report."""

OTHER: Final = "other"
"""Client and operation of what came after a worker's bound was reached."""

LATENCY_BOUNDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds of the latency histogram's buckets, in seconds; the last bucket has none."""

CUT: Final = "cut"
"""Kind of error of a request whose client went before the answer began."""


class Use(TypedDict):
    """What one client did with one operation."""

    client: str
    route: str
    """As in :class:`schemas.policy.Route`."""
    statuses: list[int]
    """Answers by first digit of the status; ``[0]``: cut before any."""
    latency: list[int]
    """Answers by duration: a bucket for each of :data:`LATENCY_BOUNDS`, and one beyond."""
    errors: NotRequired[dict[str, int]]
    """Answers of 4xx and 5xx by kind: why the gateway refused (``insufficient-scope``), how the API
    failed (``timeout``), or ``http-<status>`` where the API said so itself."""
    spent: NotRequired[int]
    """Requests that counted against the client's own quota of the day."""
    spent_on_route: NotRequired[int]
    """Requests that counted against the operation's quota for this client."""


class UsageReport(TypedDict):
    """A part of what one worker has counted in one minute."""

    worker: str
    """Random, of this process's life."""
    sequence: int
    """1, 2, …: a worker sends no report before the one before was taken."""
    minute: int
    """When it begins, in seconds since the epoch."""
    uses: list[Use]
