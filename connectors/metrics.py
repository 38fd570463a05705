"""What an operator must know of the connectors, for Prometheus: feeds, and what is unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connectors.base import Connector
from connectors.feed import Feed

_P: Final = "city_connector_"
_FEEDS: Final = {
    "age_seconds": "Seconds since the feed was last known to be up to date.",
    "interval_seconds": "Seconds between two looks at its source; 0 where it is pushed.",
    "failing_seconds": "Seconds for which its source cannot be read; 0 when it can.",
    "rests": "1 while its source is left alone, after several failures in a row.",
}
_OUTBOX: Final = {
    "messages": "Messages that the broker has not taken yet.",
    "oldest_seconds": "How long the oldest of them has waited.",
}


class _Connectors(Collector):
    """Args:
    waiting: domain → messages in its outbox, and seconds that the oldest has waited.
    """

    def __init__(
        self, connectors: Iterable[Connector], waiting: dict[str, tuple[int, float]]
    ) -> None:
        self._connectors, self._waiting = list(connectors), waiting

    def collect(self) -> Iterator[Metric]:
        gauges = [_gauge("feed_" + name, about, "domain", "feed") for name, about in _FEEDS.items()]
        failures = CounterMetricFamily(
            _P + "feed_failures", "Looks at a feed that failed.", labels=("domain", "feed")
        )
        for connector in self._connectors:
            for name, feed in connector.feeds.items():
                labels = (connector.domain, name)
                for gauge, value in zip(gauges, _of(feed, connector.clock()), strict=True):
                    gauge.add_metric(labels, value)
                failures.add_metric(labels, feed.status.failures)
        yield from (*gauges, failures)
        for place, (name, about) in enumerate(_OUTBOX.items()):
            gauge = _gauge("outbox_" + name, about, "domain")
            for domain, figures in self._waiting.items():
                gauge.add_metric((domain,), figures[place])
            yield gauge


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(_P + name, about, labels=labels)


def _of(feed: Feed[object], now: datetime) -> tuple[float, float, float, float]:
    status = feed.status
    failing = (now - status.failing_since).total_seconds() if status.failing_since else 0.0
    age = (now - (status.checked_at or feed.since)).total_seconds()
    interval = feed.spec.interval if feed.is_followed else 0.0
    return max(0.0, age), interval, max(0.0, failing), float(feed.rests)


def add_metrics(app: FastAPI, connectors: Sequence[Connector]) -> None:
    """``/metrics``, on the inner network only: the gateway has no route to it."""

    @app.get("/metrics", include_in_schema=False)
    async def show() -> Response:
        waiting = {c.domain: await c.publisher.outbox.waiting() for c in connectors}
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Connectors(connectors, waiting))
        body = generate_latest(registry)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})
