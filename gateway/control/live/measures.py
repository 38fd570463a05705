"""What rules measure, where that is more than one figure of the picture."""

from __future__ import annotations

from math import inf

from gateway.control.live.picture import Picture, Upstream
from gateway.control.live.rule import Measured

_ENOUGH_ERRORS = 5
"""Fewer, in a minute, may be one client's bad luck."""
_ENOUGH_TIMED = 20
"""Of fewer answers a 95th percentile is but the slowest one."""


def silent(picture: Picture) -> Measured:
    for process in picture.processes:
        if process.error:
            yield f"{process.part} {process.address}".strip(), process.silent
    for part, _ in picture.lost:
        yield part, inf


def slow(picture: Picture) -> Measured:
    for process in picture.processes:
        yield f"{process.part} {process.address}".strip(), process.took


def errors(picture: Picture) -> Measured:
    for upstream in picture.upstreams:
        if upstream.traffic.errors >= _ENOUGH_ERRORS:
            yield upstream.name, upstream.traffic.error_ratio


def latency(picture: Picture) -> Measured:
    for upstream in picture.upstreams:
        if upstream.traffic.timed >= _ENOUGH_TIMED and upstream.traffic.p95 is not None:
            yield upstream.name, upstream.traffic.p95


def saturation(picture: Picture) -> Measured:
    """Once for each server, by the names of all that it serves."""
    servers: dict[str, list[Upstream]] = {}
    for upstream in picture.upstreams:
        servers.setdefault(upstream.server or upstream.name, []).append(upstream)
    for sharing in servers.values():
        yield ", ".join(each.name for each in sharing), sharing[0].saturation


def shed(picture: Picture, *priorities: str) -> Measured:
    for priority, rate in picture.gateway.shed:
        if priority in priorities:
            yield priority, rate


def lags(picture: Picture) -> Measured:
    for lag in picture.broker.lags:
        yield f"{lag.group} ({lag.client})", lag.records


def stale(picture: Picture) -> Measured:
    for feed in picture.feeds:
        if feed.interval and not feed.failing:
            yield f"{feed.domain}/{feed.name}", feed.age / max(feed.interval, 10.0)


def one(value: float | bool | None) -> Measured:
    if value is not None:
        yield "", float(value)


def without_emergency(picture: Picture) -> float | None:
    if picture.emergency is None or picture.at < picture.emergency.since + 30:
        return None
    return max(0.0, picture.gateway.workers - picture.gateway.emergency_workers)
