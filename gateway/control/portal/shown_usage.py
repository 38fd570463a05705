"""An application's use as its owner's page shows it in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.control.catalogue.deprecations import announced
from gateway.control.portal.shown_app import moment
from gateway.control.state import Control
from gateway.control.usage.api import CITY, milliseconds
from gateway.control.usage.counts import Counts
from gateway.control.usage.summary import Summary

_HTTP: Final = "http-"


@dataclass(frozen=True, slots=True)
class Line:
    """One operation.

    Attributes:
        where: method and path; empty for one that is gone.
        ends: the day on which a deprecated one stops; empty if none is announced.
    """

    operation: str
    where: str
    requests: str
    failed: str
    p50: str
    p95: str
    is_deprecated: bool
    ends: str


@dataclass(frozen=True, slots=True)
class QuotaLine:
    name: str
    used: int
    limit: int
    resets: str


def totals(found: Summary) -> dict[str, str]:
    """What stands above the plots."""
    whole = found.total
    rate = whole.failed / whole.requests if whole.requests else 0.0
    return {
        "requests": f"{whole.requests:,}",
        "error_rate": f"{rate:.1%}",
        "p50": _ms(whole, 0.5),
        "p95": _ms(whole, 0.95),
    }


def operation_lines(control: Control, found: Summary) -> list[Line]:
    """By operation, those with most requests first."""
    current = control.publisher.current
    places = {route["id"]: f"{route['method']} {route['path']}" for route in _routes(control)}
    going = {one.operation: one.sunset for one in announced(current.apis)}
    return [
        Line(
            name,
            places.get(name, ""),
            f"{counts.requests:,}",
            f"{counts.failed:,}",
            _ms(counts, 0.5),
            _ms(counts, 0.95),
            name in going,
            _day(going.get(name)),
        )
        for name, counts in found.operations.items()
        if counts.requests
    ]


def _routes(control: Control) -> list[Mapping[str, str]]:
    return control.publisher.current.snapshot["routes"]  # type: ignore[return-value]


def error_lines(found: Summary, texts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """By kind: its name, in words where there are some, and how often."""
    return [(kind, in_words(kind, texts), f"{count:,}") for kind, count in found.errors]


def in_words(kind: str, texts: Mapping[str, str]) -> str:
    if kind.startswith(_HTTP):
        return texts["kind_http"].format(status=kind.removeprefix(_HTTP))
    return texts.get(f"kind_{kind}", "")


def quota_lines(found: Summary) -> list[QuotaLine]:
    """Of operations with a limit of their own."""
    return [
        QuotaLine(name, spent.used, spent.limit, moment(spent.resets))
        for name, spent in found.route_quotas.items()
    ]


def _ms(counts: Counts, part: float) -> str:
    found = milliseconds(counts, part)
    return "–" if found is None else f"{found:,.0f} ms" if found >= 10 else f"{found:.1f} ms"


def _day(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, CITY):%Y-%m-%d}"
