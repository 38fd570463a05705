"""How many exchanges may be sent a second time.

A retry saves a request when one address fails, and makes things worse when all do: the API that
cannot cope gets its load twice. So retries are a share of what is asked, with a small reserve for
times when little is.
"""

from __future__ import annotations


class Budget:
    """A token bucket that requests fill and retries empty.

    Args:
        ratio: of a token that each request brings.
        reserve: tokens held at most, and at the start.
    """

    __slots__ = ("_ratio", "_reserve", "_tokens")

    def __init__(self, ratio: float, reserve: float) -> None:
        self._ratio = ratio
        self._reserve = self._tokens = reserve

    @property
    def has_one(self) -> bool:
        return self._tokens >= 1.0

    def earn(self) -> None:
        tokens = self._tokens
        if tokens < self._reserve:
            self._tokens = tokens + self._ratio

    def spend(self) -> bool:
        """Whether there is a token, which is taken."""
        if not self.has_one:
            return False
        self._tokens -= 1.0
        return True
