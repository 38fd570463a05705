"""An application's use as plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from gateway.control.pages.plots import Series, bars, line
from gateway.control.portal.shown_usage import in_words
from gateway.control.usage.api import CITY, milliseconds
from gateway.control.usage.counts import Counts
from gateway.control.usage.summary import Summary
from schemas.usage import OTHER

_KINDS: Final = 5
"""Kinds of errors in colours of their own."""


def plots(found: Summary, texts: Mapping[str, str], language: str) -> list[Markup]:
    """Requests, errors by kind, latency, and where there is one the quota of today."""
    times = found.period.starts
    drawn = [
        bars(
            _answers(found.points, texts), name="requests", title=texts["requests"],
            times=times, zone=CITY, language=language,
        ),
        bars(
            _errors(found, texts), name="errors", title=texts["errors_by_kind"],
            times=times, zone=CITY, language=language,
        ),
        line(
            _latency(found.points, texts), name="latency", title=texts["latency"],
            times=times, zone=CITY, language=language, unit=" ms",
        ),
    ]  # fmt: skip
    if found.quota is not None:
        times, spent = found.spending
        drawn.append(
            line(
                [
                    Series(texts["quota_line"], spent),
                    Series(texts["quota_limit"], [found.quota.limit] * len(times)),
                ],
                name="quota", title=texts["quota_today"], times=times, zone=CITY,
                language=language,
            )
        )  # fmt: skip
    return drawn


def _answers(points: Sequence[Counts], texts: Mapping[str, str]) -> list[Series]:
    def of(*digits: int) -> Callable[[Counts], float]:
        return lambda counts: sum(counts.status(digit) for digit in digits)

    parts = (
        ("succeeded", of(1, 2, 3), 1),
        ("client_errors", of(4), 2),
        ("server_errors", of(5), 5),
        ("cut", of(0), 6),
    )
    return [
        Series(texts[name], [part(counts) for counts in points], colour)
        for name, part, colour in parts
        if name != "cut" or any(map(part, points))
    ]


def _errors(found: Summary, texts: Mapping[str, str]) -> list[Series]:
    """The most frequent kinds apart, all others together."""
    kinds = [kind for kind, _ in found.errors if kind != OTHER][:_KINDS]
    series = [
        Series(
            in_words(kind, texts) or kind, [counts.errors.get(kind, 0) for counts in found.points]
        )
        for kind in kinds
    ]
    rest = [
        sum(count for kind, count in counts.errors.items() if kind not in kinds)
        for counts in found.points
    ]
    if any(rest) or not series:
        series.append(Series(texts["kind_other"] if kinds else texts["errors"], rest))
    return series


def _latency(points: Sequence[Counts], texts: Mapping[str, str]) -> list[Series]:
    return [
        Series(texts[name], [milliseconds(counts, part) for counts in points])
        for name, part in (("p50", 0.5), ("p95", 0.95))
    ]
