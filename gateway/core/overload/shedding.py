"""Turning requests away by priority: 503, ``Retry-After``, and why, in bytes made once.

``Retry-After`` is spread at random, so that those who were turned away together do not come back
together; the lower the priority the later.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from gateway.core.overload.admission import PRIORITIES, Gate, Load
from gateway.core.reply import Reply, reply
from gateway.core.telemetry.telemetry import Telemetry

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange

CLIENT_SHARE: Final = 0.25
"""Of a server's limit: who holds as much leaves the last of the room to others."""
_LAST: Final = 0.9
"""Part of a priority's room after which the last of it begins."""
COUNTER: Final = "shed "
"""Totals ``shed <reason> <priority>``."""

EMERGENCY: Final = "emergency"
LAG: Final = "lag"
CONCURRENCY: Final = "concurrency"
CLIENT: Final = "client"

_WHY: Final = {
    EMERGENCY: "An emergency is in force; what this route does is set aside until it is over.",
    LAG: "This gateway has more to do than it can, and keeps what is more urgent.",
    CONCURRENCY: "The API behind this route has as much in hand as it can, and what is more "
    "urgent goes first.",
    CLIENT: "The API behind this route is busy, and this client has its share of it already.",
}
_LEAST_WAIT: Final = (4, 2, 1)
"""Seconds of ``Retry-After`` by rank, at least."""
_SPREAD: Final = 3


class Shed:
    """The answers to those who are turned away.

    Args:
        field: a further header line, such as the emergency's.
    """

    def __init__(self, telemetry: Telemetry, field: bytes = b"") -> None:
        self._telemetry = telemetry
        self._field = field
        self._made: dict[tuple[str, int], Reply] = {}

    def answer(self, reason: str, rank: int) -> Reply:
        """Count one that is turned away, and have its answer."""
        self._telemetry.count(f"{COUNTER}{reason} {PRIORITIES[rank]}")
        after = _LEAST_WAIT[rank] + random.randrange(_SPREAD)  # noqa: S311 - spreads load
        found = self._made.get((reason, after))
        if found is None:
            found = self._made[reason, after] = self._make(reason, after)
        return found

    def _make(self, reason: str, after: int) -> Reply:
        return reply(
            503, f"overload-{reason}", "Not available at the moment",
            f"{_WHY[reason]} Try again in {after} s.", f"shed-{reason}",
            b"retry-after: %d\r\n%b" % (after, self._field),
        )  # fmt: skip


class Held:
    """A place taken while room was short: it counts for its client too."""

    __slots__ = ("_load", "_who")

    def __init__(self, load: Load, who: str) -> None:
        self._load = load
        self._who = who
        holders = load.gate.holders
        holders[who] = holders.get(who, 0) + 1

    def ended(self, exchange: Exchange, seconds: float) -> None:
        holders = self._load.gate.holders
        left = holders[self._who] - 1
        if left:
            holders[self._who] = left
        else:
            del holders[self._who]
        self._load.ended(exchange, seconds)


def has_its_share(gate: Gate, rank: int, who: str) -> bool:
    """Whether the little room that is left is for others, who hold less."""
    if gate.streams or gate.in_flight < gate.most[rank] * _LAST:
        return False
    return gate.holders.get(who, 0) >= max(2.0, gate.limit * CLIENT_SHARE)
