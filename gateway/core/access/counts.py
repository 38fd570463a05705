"""Quotas that hold across workers: requests of the day that were leased beforehand.

How much of a quota is used is counted elsewhere, for all workers; each worker holds as many
requests as it may need until the next lease (:mod:`gateway.leases`), and gives back what it does
not use. Nobody waits for a lease: a worker that holds none goes on for a little on credit, as long
as there was something left when it last asked, and has that charged. So of *w* workers each may
exceed a quota by its credit, a tenth of its share (but one request at least), and only while the
others use up the rest within the same tenth of a second.

With the counts out of reach each worker grants its share of the day, less what it has granted.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from gateway.core.access.quotas import NEAR, OTHERS, Day, Quota
from gateway.core.reply import Refused, quota_exceeded, quota_pending

RESTING = 1.0
"""Seconds without a request after which everything that is held is given back."""


@dataclass(slots=True)
class Count:
    """What this worker may grant of one quota today.

    Attributes:
        key: whose it is.
        held: requests that were leased; below 0, how many were granted on credit and are still
            to be charged.
        credit: how far below 0 it may go.
        left: what nobody had leased when it was last asked.
        used: granted today, by this worker.
        taken, missed: granted and refused since the last lease.
    """

    key: Hashable
    quota: Quota
    left: int
    credit: int
    used_at: float
    held: int = 0
    used: int = 0
    taken: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What one lease asks for: ``charged`` more are used (below 0: given back), and then as many
    as there are of ``wanted``."""

    key: str
    count: Count
    charged: int
    wanted: int


class LeasedCounts:
    """All counts of one worker; a :class:`gateway.core.access.quotas.Quotas`.

    Args:
        most: keys counted at most; beyond, new ones share one.
    """

    def __init__(self, most: int) -> None:
        self.day = Day("", 0.0)
        self._most = most
        self._counts: dict[Hashable, Count] = {}
        self._near: dict[Hashable, Count] = {}
        self._away = False

    def turn(self, day: Day) -> None:
        if day.name != self.day.name:
            self._counts, self._near = {}, {}
        self.day = day

    def spend(self, key: Hashable, quota: Quota, now: float) -> int:
        """Count one request; see :meth:`gateway.core.access.quotas.Quotas.spend`."""
        count = self._counts.get(key)
        if count is None or count.quota is not quota:
            count = self._count(key, quota, now, count)
        count.used_at = now
        if count.held <= -count.credit:
            count.missed += 1
            if count.left > 0 and not self._away:  # more will have been leased in a moment
                raise Refused(quota_pending(quota.name))
            raise Refused(quota_exceeded(quota.name, quota.requests, self.day.left(now)))
        count.held -= 1
        count.used += 1
        count.taken += 1
        return max(0, count.left + count.held)

    def _count(self, key: Hashable, quota: Quota, now: float, count: Count | None) -> Count:
        if count is not None:  # a new policy; what is used is the same
            count.quota = quota
            return count
        if len(self._counts) >= self._most:
            key = OTHERS
        made = Count(key, quota, quota.requests, _credit(quota, quota.requests), now)
        return self._counts.setdefault(key, made)

    # The lease

    def claims(self, now: float) -> list[Claim]:
        """What is to be leased for keys that were asked for, or given back by those that rest."""
        found: list[Claim] = []
        for key, count in self._counts.items():
            if count.taken or count.missed or count.held < 0:
                wanted = max(0, 2 * (count.taken + count.missed) - max(0, count.held))
                found.append(Claim(self._name(key), count, max(0, -count.held), wanted))
            elif count.held > 0 and now - count.used_at > RESTING:
                found.append(Claim(self._name(key), count, -count.held, 0))
        return found

    def granted(self, claim: Claim, requests: int, left: int) -> None:
        """``claim`` was met.

        Args:
            requests: leased; ``left``: how many nobody has leased now, below 0 if too many were
                granted.
        """
        count = claim.count
        count.held += claim.charged + requests
        count.left = left
        count.credit = _credit(count.quota, left)
        count.taken = count.missed = 0
        if _share(count) >= NEAR:
            self._near[count.key] = count

    def near(self) -> list[tuple[Hashable, float]]:
        """Keys whose quota is nearly used up, by all workers together, and the share.

        What a worker holds on lease counts as used: it comes back when it is not.
        """
        shares = ((key, _share(count)) for key, count in self._near.items())
        return [(key, share) for key, share in shares if share >= NEAR]

    def grant_share(self) -> None:
        """No lease can be had: grant what this worker has not granted of its share of the day."""
        self._away = True
        for count in self._counts.values():
            may = max(0, count.held, count.quota.part - count.used)
            count.credit = may - count.held
            count.taken = count.missed = 0

    def leases_are_back(self) -> None:
        self._away = False

    def _name(self, key: Hashable) -> str:
        text = key if isinstance(key, str) else "|".join(map(str, key))  # type: ignore[call-overload]
        return f"{self.day.name}|{text}"

    def __len__(self) -> int:
        return len(self._counts)


def _share(count: Count) -> float:
    return min(1.0, 1 - (count.left + max(0, count.held)) / count.quota.requests)


def _credit(quota: Quota, left: int) -> int:
    return max(0, min(left, max(1, quota.part // 10)))
