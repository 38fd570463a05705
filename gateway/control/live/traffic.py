"""What goes through the gateway for one API or one domain, out of what was counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gateway.control.live.families import Key
from gateway.control.live.quantiles import quantile
from gateway.control.live.rings import Span
from gateway.control.live.told import Told

FAILED = ("5xx", "cut")
"""Answers that no client is to blame for: errors, and answers that broke off or never began."""


@dataclass(frozen=True, slots=True)
class Traffic(Told):
    """Attributes:
    requests: answers in the span; ``per_second`` of them.
    errors: of these, 5xx or cut; ``error_ratio`` from 0 to 1.
    refused: that the gateway refused, for whatever reason.
    p50, p95, p99: seconds; None where nothing was answered. Streams and long polls are left out.
    timed: answers that these are made of.
    """

    requests: float
    per_second: float
    errors: float
    error_ratio: float
    refused: float
    p50: float | None
    p95: float | None
    p99: float | None
    timed: float


def traffic(span: Span, apis: Collection[str]) -> Traffic:
    """The traffic of some APIs together."""
    requests = _sum(span.counts, "answers", apis)
    errors = sum(_sum(span.counts, "answers", apis, status) for status in FAILED)
    below = _buckets(span.counts, apis)
    return Traffic(
        requests=requests,
        per_second=requests / span.seconds if span.seconds else 0.0,
        errors=errors,
        error_ratio=errors / requests if requests else 0.0,
        refused=_sum(span.counts, "refused", apis),
        p50=quantile(0.5, below),
        p95=quantile(0.95, below),
        p99=quantile(0.99, below),
        timed=below.get(float("inf"), 0.0),
    )


@dataclass(frozen=True, slots=True)
class History(Told):
    """Minute by minute, oldest first; None for a minute in which nobody looked.

    Attributes:
        per_second, errors_per_second: requests and errors.
    """

    per_second: tuple[float | None, ...]
    errors_per_second: tuple[float | None, ...]


def history(hour: Sequence[Span], apis: Collection[str]) -> History:
    rates = [_rates(minute, apis) for minute in hour]
    return History(tuple(r for r, _ in rates), tuple(e for _, e in rates))


def _rates(minute: Span, apis: Collection[str]) -> tuple[float | None, float | None]:
    if not minute.seconds:
        return None, None
    errors = sum(_sum(minute.counts, "answers", apis, status) for status in FAILED)
    return _sum(minute.counts, "answers", apis) / minute.seconds, errors / minute.seconds


def total(counts: Mapping[Key, float], what: str) -> float:
    """All that was counted of one thing."""
    return sum(value for key, value in counts.items() if key[0] == what)


def _sum(counts: Mapping[Key, float], what: str, apis: Collection[str], last: str = "") -> float:
    return sum(
        value
        for key, value in counts.items()
        if key[0] == what and key[1] in apis and (not last or key[2] == last)
    )


def _buckets(counts: Mapping[Key, float], apis: Collection[str]) -> dict[float, float]:
    found: dict[float, float] = {}
    for key, value in counts.items():
        if key[0] == "below" and key[1] in apis:
            bound = float(key[2])
            found[bound] = found.get(bound, 0.0) + value
    return found


def worst_routes(counts: Mapping[Key, float], api: str, most: int = 3) -> tuple[str, ...]:
    """The API's routes with the most errors."""
    found: dict[str, float] = {}
    for key, value in counts.items():
        if key[0] == "route" and key[2] in FAILED and key[1].partition(".")[0] == api:
            found[key[1]] = found.get(key[1], 0.0) + value
    return tuple(sorted(found, key=lambda route: (-found[route], route))[:most])
