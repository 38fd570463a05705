"""Limits that hold across workers: tokens that were leased beforehand.

The bucket of a key is kept elsewhere, for all workers; each worker holds a few of its tokens, and a
lease in the background (:mod:`gateway.leases`) tops them up by how fast they go. No request waits
for it. What a worker may grant before it has leased anything is its share of the rate, and is
charged to the bucket afterwards: so the workers of one machine together do not exceed a rate, and
those of *m* machines exceed it once, by at most *m* - 1 times the rate.

With the bucket out of reach each worker grants its share, as ``Buckets``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from gateway.core.access.limits import Rate
from gateway.core.reply import Refused, too_many

RESTING: Final = 1.0
"""Seconds without a request after which what is held above the floor is given back."""
_OTHERS: Final = "\0others"


@dataclass(slots=True)
class Allowance:
    """What this worker may grant of one bucket.

    Attributes:
        tokens: held.
        charged: granted before anything was leased; the bucket has to be told.
        taken, missed: granted and refused since the last lease.
        used_at: monotonic time of the last request.
    """

    rate: Rate
    tokens: float
    used_at: float
    leased: bool = False
    charged: float = 0.0
    taken: int = 0
    missed: int = 0

    @property
    def floor(self) -> int:
        """Held even by who asks seldom, so that their next request need not wait for a lease."""
        return max(1, self.rate.requests // self.rate.share // 10)

    @property
    def wanted(self) -> int:
        """To hold twice what went since the last lease."""
        goal = max(2 * (self.taken + self.missed), self.floor)
        return max(0, math.ceil(goal - (self.tokens if self.leased else 0)))


@dataclass(frozen=True, slots=True)
class Demand:
    """What one lease asks for: ``charged`` to be taken off the bucket, below 0 to be given back,
    and then as many as there are of ``wanted``."""

    key: str
    held: Allowance
    charged: float
    wanted: int


class Allowances:
    """All allowances of one worker; has :class:`gateway.core.access.limits.Buckets`' methods.

    Args:
        most: keys held at most; beyond, new ones share one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Hashable, Allowance] = {}
        self._refilled_at = 0.0

    def take(self, key: Hashable, rate: Rate, now: float) -> float:
        """Take one token; see :meth:`gateway.core.access.limits.Buckets.take`."""
        held = self._held.get(key)
        if held is None or held.rate is not rate:
            held = self._hold(key, rate, now, held)
        held.used_at = now
        if held.tokens < 1:
            held.missed += 1
            raise Refused(too_many(rate.name, rate.requests, rate.seconds, rate.pace))
        held.tokens -= 1
        held.taken += 1
        if not held.leased:
            held.charged += 1
        return min(held.tokens * rate.share, rate.requests - 1.0)

    def _hold(self, key: Hashable, rate: Rate, now: float, held: Allowance | None) -> Allowance:
        if held is not None:  # a new policy; the bucket is the same
            held.rate = rate
            return held
        if len(self._held) >= self._most:
            key = _OTHERS
        return self._held.setdefault(key, Allowance(rate, max(1, rate.requests / rate.share), now))

    # The lease

    def demands(self, now: float) -> list[Demand]:
        """What is to be leased for keys that were asked for, or given back by those that rest."""
        found: list[Demand] = []
        for key, held in self._held.items():
            if held.taken or held.missed:
                found.append(Demand(_name(key), held, held.charged, held.wanted))
            elif held.leased and held.tokens > held.floor and now - held.used_at > RESTING:
                found.append(Demand(_name(key), held, held.floor - held.tokens, 0))
        return found

    def granted(self, demand: Demand, tokens: float) -> None:
        """``demand`` was met: its charge taken off the bucket, and ``tokens`` leased."""
        held = demand.held
        if not held.leased:
            held.leased = True
            held.tokens = 0.0
        if demand.charged < 0:
            held.tokens += demand.charged
        else:
            held.charged -= demand.charged  # what was granted meanwhile is charged next time
        held.tokens += tokens
        held.taken = held.missed = 0

    def refill_share(self, now: float) -> None:
        """No lease can be had: grant the share of this worker."""
        passed = now - self._refilled_at if self._refilled_at else 0.0
        self._refilled_at = now
        for held in self._held.values():
            share = held.rate.requests / held.rate.share
            held.tokens = min(max(1.0, share), held.tokens + passed * share / held.rate.seconds)
            held.taken = held.missed = 0

    def leases_are_back(self) -> None:
        self._refilled_at = 0.0

    def forget_full(self, now: float) -> None:
        """Drop keys so long unused that their buckets are full again."""
        if len(self._held) > self._most // 2:
            self._held = {
                key: held
                for key, held in self._held.items()
                if now - held.used_at < 2 * held.rate.seconds
            }

    def __len__(self) -> int:
        return len(self._held)


def _name(key: Hashable) -> str:
    return key if isinstance(key, str) else "|".join(map(str, key))  # type: ignore[call-overload]
