"""Token buckets, each one number: the time at which it will be full again.

This is the generic cell rate algorithm: a bucket of ``requests`` tokens refilled evenly over
``seconds`` needs nothing stored but its "theoretical arrival time", and a full one need not be
stored at all. Buckets are a worker's own: with several workers each grants its share of the rate,
so that all together never grant more than was stated.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Protocol

from gateway.core.reply import Refused, too_many
from schemas import policy

_OTHERS: Final = "\0others"
_REMEMBERED: Final = 1_024
"""Answers to "how many are left" that are kept of one rate."""


class Rate:
    """A compiled :class:`schemas.policy.Rate`.

    Attributes:
        interval: seconds that one request costs in this worker; ``pace`` in all together.
        window: seconds after which an empty bucket is full.
        told: fields by tokens left; for the common path, ``told.get(int(left)) or fields(left)``.
    """

    __slots__ = (
        "_fields", "interval", "name", "pace", "requests", "seconds", "share", "told", "window",
    )  # fmt: skip

    def __init__(self, rate: policy.Rate, name: str, share: int) -> None:
        self.requests, self.seconds, self.name, self.share = (
            rate["requests"], rate["seconds"], name, share,
        )  # fmt: skip
        self.pace = self.seconds / self.requests
        self.interval = self.pace * share
        self.window = max(float(self.seconds), self.interval)
        self._fields = (
            f'ratelimit-policy: "{name}";q={self.requests};w={self.seconds}\r\n'
            f'ratelimit: "{name}";r=%d;t=%d'
        ).encode()
        self.told: dict[int, bytes] = {}

    def fields(self, left: float) -> bytes:
        """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers), two lines.

        Args:
            left: tokens, as :meth:`Buckets.take` says.
        """
        return self.told.get(int(left)) or self._tell(int(left), left)

    def _tell(self, whole: int, left: float) -> bytes:
        if self.pace > 1:  # how much of the next token is there makes seconds of difference
            return self._fields % (whole, (self.requests - left) * self.pace + 1)
        told = self._fields % (whole, (self.requests - whole) * self.pace + 1)
        if len(self.told) >= _REMEMBERED:
            self.told.clear()
        self.told[whole] = told
        return told


def joined(one: bytes, other: bytes) -> bytes:
    """The fields of two rates as one pair of lists (RFC 9651 §3.1): both hold."""
    policies, _, limits = one.partition(b"\r\n")
    policy, _, limit = other.partition(b"\r\n")
    return b"%b, %b\r\n%b, %b" % (
        policies, policy.partition(b" ")[2], limits, limit.partition(b" ")[2],
    )  # fmt: skip


class Limiter(Protocol):
    """Where tokens are taken from: :class:`Buckets`, or leased ones."""

    def take(self, key: Hashable, rate: Rate, now: float) -> float: ...

    def forget_full(self, now: float) -> None: ...

    def __len__(self) -> int: ...


class Buckets:
    """Buckets by key, bounded in number.

    When there are too many, full ones are forgotten, which loses nothing; if that does not help,
    new keys share one bucket: an attack with many addresses is slowed as if it came from one.

    Args:
        most: buckets held at most.
    """

    __slots__ = ("_full_at", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable, rate: Rate, now: float) -> float:
        """Take one token.

        Args:
            now: a monotonic clock, in seconds.

        Returns:
            Tokens that are left, of the whole rate.

        Raises:
            Refused: the bucket is empty; 429 says when it no longer is.
        """
        full_at = self._full_at.get(key, now)
        if full_at <= now:
            full_at = now
            if len(self._full_at) >= self.most and key not in self._full_at:
                key, full_at = self._instead(now)
        full_at += rate.interval
        slack = rate.window - (full_at - now)
        if slack < -1e-9:
            raise Refused(too_many(rate.name, rate.requests, rate.seconds, -slack))
        self._full_at[key] = full_at
        return slack / rate.interval * rate.share + 1e-9

    def empty(self, key: Hashable, rate: Rate, now: float) -> bool:
        """Whether the next token would be refused; takes none."""
        return self._full_at.get(key, now) + rate.interval - now > rate.window + 1e-9

    def _instead(self, now: float) -> tuple[Hashable, float]:
        return _OTHERS, max(now, self._full_at.get(_OTHERS, now))

    def forget_full(self, now: float) -> None:
        """Drop what holds no information; called from time to time, off the path."""
        if len(self._full_at) > self.most // 2:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}

    def __len__(self) -> int:
        return len(self._full_at)
