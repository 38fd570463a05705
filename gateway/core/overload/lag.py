"""How late the event loop is: the sign that this worker itself is the bottleneck.

A single late turn (a large policy, a neighbour on the machine) is no overload; a queue that stands
is. As in CoDel (RFC 8289) what counts is therefore the *least* lag within an interval. While it is
above the target, the pressure rises, and falls again more slowly: 1 means that all bulk requests
are shed, 2 that all normal ones are too, 3 all but life-safety; between, a part of the next.
"""

from __future__ import annotations

from math import inf
from typing import Final

INTERVAL: Final = 0.5
"""Seconds."""
SAMPLES: Final = 4
"""Turns looked at in an interval, at least."""
_UP: Final = 0.25
_DOWN: Final = 0.2
_TOP: Final = 3.0


class LoopLag:
    """Attributes:
    latest: the last turn's lag, in seconds.
    standing: the least lag of the last whole interval.
    pressure: 0 to 3; see the module.
    """

    __slots__ = ("_least", "_seen", "_since", "latest", "pressure", "standing")

    def __init__(self, now: float) -> None:
        self.latest = self.standing = self.pressure = 0.0
        self._least = inf
        self._seen = 0
        self._since = now

    def sample(self, now: float, late: float, target: float) -> None:
        """One turn came ``late`` seconds after it was due.

        Args:
            target: the lag that may stand, in seconds.
        """
        self.latest = late
        self._least = min(self._least, late)
        self._seen += 1
        if now - self._since < INTERVAL or self._seen < SAMPLES:
            return
        self.standing = self._least
        self._since, self._least, self._seen = now, inf, 0
        if self.standing > target:
            step = min(1.0, _UP * self.standing / target)
            self.pressure = min(_TOP, self.pressure + step)
        else:
            self.pressure = max(0.0, self.pressure - _DOWN)
