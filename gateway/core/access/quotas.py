"""Quotas: how many requests a client may make in a day, over all routes or on one.

A rate keeps a server from being overrun, and is forgotten within its seconds; a quota is counted
until the day is over. The day is the city's own: the policy names its time zone. Counts are a
worker's own here, and each worker grants its share, as with rates; ``core/access/counts.py`` has
those that all workers share.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, Protocol

from gateway.core.reply import Refused, quota_exceeded

OTHERS: Final = "\0others"
_DAY_SECONDS: Final = 86_400
NEAR: Final = 0.8
"""Share of a quota from which on operators are told who uses it up."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the city's.

    Attributes:
        name: its date, as in ISO 8601.
        ends: when the next begins, on the monotonic clock, in seconds.
    """

    name: str
    ends: float

    def left(self, now: float) -> int:
        """Whole seconds until the next day, at least 1."""
        return max(1, int(self.ends - now) + 1)


def day_of(wall: float, now: float, zone: tzinfo) -> Day:
    """The day in ``zone`` that it is.

    Args:
        wall: seconds since the epoch; ``now`` the same moment on the monotonic clock.
    """
    today = datetime.fromtimestamp(wall, zone).date()
    # midnight as the clocks there will show it, also where today they are put forward or back
    ends = datetime.combine(today + timedelta(days=1), time(), zone).timestamp()
    return Day(today.isoformat(), now + ends - wall)


class Quota:
    """A compiled quota.

    Attributes:
        name: ``client-day`` or ``route-day``, as clients are told.
        requests: a day, of all workers together; ``part`` of them are this worker's share.
        near: requests of this worker's share from which on it is nearly used up.
    """

    __slots__ = ("_policy", "name", "near", "part", "requests")

    def __init__(self, requests: int, name: str, share: int) -> None:
        self.requests = requests
        self.name = name
        self.part = max(1, requests // share)
        self.near = max(1, int(self.part * NEAR))
        self._policy = f'"{name}";q={requests};w={_DAY_SECONDS}'.encode()

    def join(self, fields: bytes, left: int, seconds: int) -> bytes:
        """``RateLimit-Policy`` and ``RateLimit``, two lines, with this quota beside what they have.

        Args:
            fields: these lines as a rate made them (``Rate.fields``).
            left: requests that are left today; ``seconds`` for how long.
        """
        policies, _, limits = fields.partition(b"\r\n")
        return b'%b, %b\r\n%b, "%b";r=%d;t=%d' % (
            policies, self._policy, limits, self.name.encode(), left, seconds,
        )  # fmt: skip


class Quotas(Protocol):
    """Where requests are counted against quotas: :class:`OwnCounts`, or shared ones."""

    day: Day

    def turn(self, day: Day) -> None:
        """It is ``day`` now; what was counted on another is forgotten."""

    def spend(self, key: Hashable, quota: Quota, now: float) -> int:
        """Count one request.

        Returns:
            How many are left today.

        Raises:
            Refused: none was.
        """

    def near(self) -> list[tuple[Hashable, float]]:
        """Keys of which a share of :data:`NEAR` or more is used, and the share."""

    def __len__(self) -> int: ...


class OwnCounts:
    """Counts of this worker alone, which grants its share of each quota.

    Args:
        most: keys counted at most; beyond, new ones share one.
    """

    def __init__(self, most: int) -> None:
        self.day = Day("", 0.0)
        self._most = most
        self._used: dict[Hashable, int] = {}
        self._near: dict[Hashable, Quota] = {}

    def turn(self, day: Day) -> None:
        if day.name != self.day.name:
            self._used, self._near = {}, {}
        self.day = day

    def spend(self, key: Hashable, quota: Quota, now: float) -> int:
        used = self._used
        if key not in used and len(used) >= self._most:
            key = OTHERS
        count = used.get(key, 0)
        if count >= quota.part:
            raise Refused(quota_exceeded(quota.name, quota.requests, self.day.left(now)))
        used[key] = count + 1
        if count + 1 >= quota.near:
            self._near[key] = quota
        return (quota.part - count - 1) * quota.requests // quota.part

    def near(self) -> list[tuple[Hashable, float]]:
        return [(key, self._used[key] / quota.part) for key, quota in self._near.items()]

    def __len__(self) -> int:
        return len(self._used)
