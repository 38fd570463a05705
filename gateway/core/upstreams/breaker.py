"""Circuit breaking: an upstream that fails altogether is left alone for a moment.

While the circuit is open, requests are told at once instead of each waiting for the failure that
the last one met. When its time is over, one request is let through (half-open): if it is answered,
so are all that follow; if it fails, the circuit stays open for twice as long.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from gateway.core.bounds import Bounds
from gateway.core.reply import Reply, circuit_open
from gateway.core.upstreams.health import Tally

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange


class Breaker:
    """The circuit of one upstream.

    An exchange counts as failed when it was answered by nobody, after all that was tried to save
    it. Answers are answers, whatever their status.

    Attributes:
        open: whether requests are refused, but for one now and then.
        tally: failures lately.
    """

    __slots__ = ("_bounds", "_pause", "_refusal", "_trial", "_until", "open", "tally")

    _refusal: Reply

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._pause = 0.0
        self._until = 0.0
        self._trial: Exchange | None = None
        self.open = False
        self.tally = Tally(bounds.window, bounds.sample)

    def refusal(self, exchange: Exchange, now: float) -> Reply | None:
        """What to tell ``exchange``; None if it may pass."""
        if not self.open:
            return None
        if now < self._until:
            return self._refusal
        self._trial = exchange
        self._until = now + self._pause  # should nothing come of it, the next one tries then
        return None

    def good(self) -> bool:
        """Something was answered. Whether that closed the circuit: what was wrong is over."""
        self.tally.good()
        if not self.open:
            return False
        self.open = False
        self._pause = 0.0
        self._trial = None
        self.tally.clear()
        return True

    def bad(self, exchange: Exchange, now: float) -> bool:
        """``exchange`` failed. Whether that opened the circuit."""
        if exchange.begun:
            self.tally.take_back()  # the head of its answer had been counted as good
        self.tally.bad(now)
        if self.open:
            if exchange is self._trial:
                self._break(now)
            return False  # one of those that were under way
        if self.tally.row < self._bounds.break_after and self.tally.share < 0.5:
            return False
        self.open = True
        self._break(now)
        return True

    def _break(self, now: float) -> None:
        bounds = self._bounds
        self._trial = None
        self._pause = min(self._pause * 2 or bounds.open, bounds.longest_open)
        self._until = now + self._pause
        self._refusal = circuit_open(ceil(self._pause))
