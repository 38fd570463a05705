"""What is said of a client's use: over time, by operation, by kind of error, and of its quota."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.oauth.clients import Client
from gateway.control.usage import kept
from gateway.control.usage.counts import Counts, grouped, total
from gateway.control.usage.kept import MINUTE, Row
from gateway.control.usage.periods import Period

_QUARTER: Final = 900


@dataclass(frozen=True, slots=True)
class Spent:
    """A quota of the day, and what the gateways counted against it.

    Attributes:
        limit: requests a day; ``used``: of this day.
        resets: when the next begins, in seconds since the epoch.
    """

    limit: int
    used: int
    resets: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How a client used the city's APIs in a period.

    Attributes:
        points: one for each step of the period.
        operations: by operation, those with most requests first.
        quota: None where there is no limit of the day.
        route_quotas: by operation.
        spending: of today, moments and what of the quota was used by then.
    """

    period: Period
    points: Sequence[Counts]
    operations: Mapping[str, Counts]
    quota: Spent | None
    route_quotas: Mapping[str, Spent]
    spending: tuple[Sequence[int], Sequence[int]]

    @property
    def total(self) -> Counts:
        return total(self.points)

    @property
    def errors(self) -> list[tuple[str, int]]:
        """By kind, the most frequent first."""
        return sorted(self.total.errors.items(), key=lambda each: (-each[1], each[0]))


async def summarise(
    connection: AsyncConnection,
    client: Client,
    period: Period,
    *,
    zone: tzinfo,
    now: int,
    route_quotas: Mapping[str, int],
) -> Summary:
    """Read what is kept of ``client``.

    The day's quota is known without asking a worker: where a gateway spends one it says so with
    what it counts, so the sum since midnight is what is used, as of some seconds ago.

    Args:
        zone: whose days quotas are counted by.
        route_quotas: operation → requests a day for each client, of the policy in force.
    """
    rows = await kept.of_client(
        connection, client.client_id, period.rows, period.starts[0], period.ends
    )
    midnight, resets = _day(now, zone)
    today = await kept.of_client(connection, client.client_id, MINUTE, midnight, resets)
    by_route = grouped((row.route, row.counts) for row in today)
    used = sum(counts.spent for counts in by_route.values())
    return Summary(
        period,
        _points(rows, period),
        _by_operation(rows),
        Spent(client.quota, used, resets) if client.quota else None,
        {
            route: Spent(limit, by_route[route].spent_on_route, resets)
            for route, limit in route_quotas.items()
            if route in by_route and by_route[route].spent_on_route
        },
        _spending(today, midnight, now),
    )


def _spending(today: Sequence[Row], midnight: int, now: int) -> tuple[list[int], list[int]]:
    """Every quarter of an hour since midnight, and now."""
    times = [*range(midnight, now, _QUARTER), now]
    spent = [0] * len(times)
    for row in today:
        spent[bisect_left(times, row.start + MINUTE, hi=len(times) - 1)] += row.counts.spent
    return times, list(accumulate(spent))


def _points(rows: Sequence[Row], period: Period) -> list[Counts]:
    found = [Counts() for _ in period.starts]
    for row in rows:
        found[max(0, period.index(row.start))].add(row.counts)
    return found


def _by_operation(rows: Sequence[Row]) -> dict[str, Counts]:
    found = grouped((row.route, row.counts) for row in rows)
    return dict(sorted(found.items(), key=lambda each: (-each[1].requests, each[0])))


def _day(now: int, zone: tzinfo) -> tuple[int, int]:
    """When the city's day began, and when the next does."""
    here = datetime.fromtimestamp(now, zone)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp()), int((midnight + timedelta(days=1)).timestamp())
