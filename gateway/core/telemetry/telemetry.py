"""Counting, at the price of a list item: plain integers per route and client class.

``prometheus_client`` costs microseconds per observation with labels; this costs a tenth of one. The
numbers are put into Prometheus' form when somebody asks (:mod:`gateway.core.telemetry.exposition`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

from schemas.usage import LATENCY_BOUNDS as BOUNDS

UNROUTED: Final = "none"
"""Route label of requests that reached no route."""
ANYBODY: Final = "none"
"""Client class of requests without an accepted token."""
_TOTALS: Final = (
    "tokens_verified", "tokens_remembered", "proofs_verified", "cache_dropped", "cache_purges",
    "spans_dropped",
)  # fmt: skip
"""Counters that a worker tells beside ``counters``."""
OTHER: Final = "other"
"""Route label of what came after the bound of series was reached."""


class Stats:
    """Counters of one route and client class.

    Attributes:
        statuses: answers by first digit of the status; ``[0]`` counts those cut before any.
        buckets: answers by duration, one more than ``BOUNDS``; not cumulative.
        seconds: all durations together.
        in_flight: requests sent to an upstream and not answered to the end.
        rejected: requests that the core refused, by reason.
        cache: requests on routes whose answers are kept, by what the cache did.
        failures: failures of the upstream, by kind.
    """

    __slots__ = ("buckets", "cache", "failures", "in_flight", "rejected", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses = [0] * 6
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.in_flight = 0
        self.rejected: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.cache: dict[str, int] = {}

    def observe(self, status: int, seconds: float) -> int:
        """One answer that ended after ``seconds``; ``status`` 0 if it never began.

        Returns:
            The bucket that it fell into.
        """
        bucket = bisect_left(BOUNDS, seconds)
        self.statuses[status // 100] += 1
        self.buckets[bucket] += 1
        self.seconds += seconds
        return bucket

    def reject(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    def cached(self, outcome: str) -> None:
        self.cache[outcome] = self.cache.get(outcome, 0) + 1

    def fail(self, kind: str) -> None:
        self.failures[kind] = self.failures.get(kind, 0) + 1

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Series(dict[str, Stats]):
    """Client class → counters of one route; a look-up once they are there."""

    __slots__ = ("_route", "_telemetry")

    def __init__(self, telemetry: Telemetry, route: str) -> None:
        super().__init__()
        self._telemetry = telemetry
        self._route = route

    def __missing__(self, kind: str) -> Stats:
        found = self[kind] = self._telemetry.series(self._route, kind)
        return found


class Telemetry:
    """All counters of one worker.

    Args:
        most: series at most; what comes later is counted together as :data:`OTHER`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._series: dict[tuple[str, str], Stats] = {}
        self._upstreams: dict[str, dict[str, int]] = {}
        self.unrouted = self.of(UNROUTED)[ANYBODY]
        self.counters: dict[str, int] = {}
        """Plain totals of the worker, by name."""

    def of(self, route: str) -> Series:
        """The counters of ``route`` by client class."""
        return Series(self, route)

    def series(self, route: str, kind: str) -> Stats:
        """The counters of one route and client class, made when first asked for."""
        found = self._series.get((route, kind))
        if found is not None:
            return found
        if len(self._series) >= self._most:
            route, kind = OTHER, ANYBODY
        return self._series.setdefault((route, kind), Stats())

    def upstream(self, name: str) -> dict[str, int]:
        """What happened to one upstream, by event; bounded, as its events are few."""
        return self._upstreams.setdefault(name, {})

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + by

    def as_json(self) -> dict[str, Any]:
        """What a worker tells of itself: ``series`` as ``[route, class, counters]``, and totals."""
        series = [[route, kind, found.as_json()] for (route, kind), found in self._series.items()]
        return {
            "series": series,
            "counters": dict(self.counters),
            "upstream_events": {name: dict(found) for name, found in self._upstreams.items()},
        }


def departed(before: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The counters of workers that have gone, with those that one more had last told.

    A counter must not go back when a worker dies; gauges are gone with it.
    """
    series = {(route, kind): stats for route, kind, stats in before.get("series", ())}
    for route, kind, stats in told.get("series", ()):
        series[route, kind] = _sum(series.get((route, kind)), {**stats, "in_flight": 0})
    counters = _sum(before.get("counters"), told.get("counters", {}))
    events = _sum(before.get("upstream_events"), told.get("upstream_events", {}))
    totals = {name: before.get(name, 0) + told.get(name, 0) for name in _TOTALS}
    kept = ("accesses", "failures", "refused")
    trail = {name: told.get("trail", {}).get(name, 0) for name in kept}
    return {
        "series": [[*key, stats] for key, stats in series.items()],
        "counters": counters,
        "upstream_events": events,
        "trail": _sum(before.get("trail"), trail),
    } | totals


def _sum(one: Any, other: Any) -> Any:
    """``one`` and ``other`` added up, number by number; None is nothing."""
    if one is None:
        return other
    if isinstance(other, dict):
        return {**one, **{name: _sum(one.get(name), value) for name, value in other.items()}}
    if isinstance(other, list):
        return [a + b for a, b in zip(one, other, strict=True)]
    return one + other
