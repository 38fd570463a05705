"""TLS handshakes in progress: how many, and whether one more may begin.

Until its handshake is over a connection is none of those that are counted and timed elsewhere, and
yet it holds memory, and may ask for the dearest thing that a worker does.
"""

from __future__ import annotations

from collections.abc import Hashable
from time import monotonic


class Handshakes:
    """Those that have begun and are neither done nor given up.

    Args:
        most: at a time.
        longest: seconds after which one is over, whatever became of it.
    """

    def __init__(self, most: int, longest: float) -> None:
        self._most = most
        self._longest = longest
        self._began: dict[Hashable, float] = {}

    def begin(self, one: Hashable) -> bool:
        """Whether ``one`` may begin; it is counted until :meth:`end` if so."""
        now = monotonic()
        if len(self._began) >= self._most:
            since = now - self._longest
            self._began = {each: began for each, began in self._began.items() if began > since}
        if len(self._began) >= self._most:
            return False
        self._began[one] = now
        return True

    def end(self, one: Hashable) -> None:
        self._began.pop(one, None)

    def __len__(self) -> int:
        return len(self._began)
