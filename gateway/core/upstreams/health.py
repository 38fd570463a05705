"""Whether an address is worth asking, by what came of asking it (passive health).

An address that fails is passed over for a while, longer each time, and then comes back slowly: at
first it is asked little, and one more failure sends it away again at once.
"""

from __future__ import annotations

from random import uniform

from gateway.core.bounds import Bounds


class Tally:
    """Failures in a row, and their share in a window that begins with the first of them.

    Args:
        seconds: length of the window.
        sample: asked less often than this, a share says nothing.
    """

    __slots__ = ("_began", "_sample", "_seconds", "failed", "row", "total")

    def __init__(self, seconds: float, sample: int) -> None:
        self._seconds = seconds
        self._sample = sample
        self.clear()

    def clear(self) -> None:
        self._began = 0.0
        self.failed = self.row = self.total = 0

    def good(self) -> None:
        self.row = 0
        self.total += 1

    def bad(self, now: float, *, in_row: bool = True) -> None:
        if now - self._began > self._seconds:
            self.clear()
            self._began = now
        self.row += in_row
        self.failed += 1
        self.total += 1

    def take_back(self) -> None:
        """What was counted as good turned out not to be."""
        self.total = max(0, self.total - 1)

    def quiet(self, now: float) -> bool:
        """Whether nothing failed lately."""
        return now - self._began > self._seconds

    @property
    def share(self) -> float:
        """Failures over all; 0 while too few were counted."""
        return self.failed / self.total if self.total >= self._sample else 0.0


class Health:
    """What is held against one address.

    Attributes:
        tally: failures lately.
        out_until: passed over until then, on the loop's clock; 0 if it is not.
        unwell: its own health check says no (:mod:`gateway.core.upstreams.probe`).
        penalty: factor on its cost while it comes back; 1 otherwise.
    """

    __slots__ = (
        "_back", "_bounds", "_checks", "_strikes", "out_until", "penalty", "tally", "unwell",
    )  # fmt: skip

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.tally = Tally(bounds.window, bounds.sample)
        self.out_until = 0.0
        self.unwell = False
        self.penalty = 1.0
        self._strikes = 0
        self._back = 0.0
        self._checks = 0

    @property
    def well(self) -> bool:
        return not self.out_until and not self.unwell

    def failed(self, now: float) -> bool:
        """An exchange broke on it. Whether it is now to be passed over."""
        self.tally.bad(now)
        return not self.out_until and (
            self.tally.row >= self._bounds.eject_after or self.penalty > 1.0
        )

    def eject(self, now: float) -> None:
        """Pass it over: twice as long as the last time, unless that is long ago."""
        bounds = self._bounds
        recent = self._back and now - self._back < 2 * bounds.slow_return
        self._strikes = self._strikes + 1 if recent else 1
        seconds = min(bounds.down * 2.0 ** min(self._strikes - 1, 16), bounds.longest_down)
        # spread, so that not all workers come back to it at one moment
        self.out_until = now + seconds * uniform(0.8, 1.2)  # noqa: S311 - no secret
        self.tally.clear()

    def tick(self, now: float) -> bool:
        """Let it come back when its time is over. Whether it just did."""
        back = 0.0 < self.out_until <= now
        if back:
            self.out_until = 0.0
            self._back = now
        if self._back:
            since = (now - self._back) / self._bounds.slow_return
            self.penalty = 1.0 if since >= 1.0 else 1.0 / (0.1 + 0.9 * since)
        return back

    def checked(self, healthy: bool, now: float) -> bool:
        """What its health check said; two in a row count. Whether that changed anything."""
        if healthy is not self.unwell:
            self._checks = 0
            return False
        self._checks += 1
        if self._checks < 2:
            return False
        self._checks = 0
        self.unwell = not healthy
        if healthy:
            self._back = now
        return True
