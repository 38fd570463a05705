"""What an operator must know of the service, for Prometheus. Nothing about places or persons."""

from __future__ import annotations

from typing import Final, Literal

from fastapi import FastAPI, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from schemas.kit.outbox import Outbox
from services.evacuation.consumer import Consumer

Outcome = Literal["issued", "updated", "withdrawn", "unchanged", "no-guidance"]

_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """The service's numbers, each instance with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.outcomes = Counter(
            "evacuation_outcomes",
            "What alerts and the looking again have led to",
            ("outcome",),
            registry=self.registry,
        )
        self.delay = Histogram(
            "evacuation_delay_seconds",
            "From an alert's event to its guidance",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.following = Gauge(
            "evacuation_following",
            "1 while alerts are followed, 0 while the broker does not answer",
            registry=self.registry,
        )
        self.waiting = Gauge(
            "evacuation_outbox_messages", "Said, but not yet taken", registry=self.registry
        )
        self.oldest = Gauge(
            "evacuation_outbox_age_seconds",
            "How long the oldest of them has waited",
            registry=self.registry,
        )

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.labels(outcome).inc()


def add_metrics(app: FastAPI, metrics: Metrics, consumer: Consumer, outbox: Outbox) -> None:
    """``/metrics``, on the inner network only: the gateway has no route to it."""

    @app.get("/metrics", include_in_schema=False)
    async def show() -> Response:
        metrics.following.set(consumer.is_following)
        waiting, age = await outbox.waiting()
        metrics.waiting.set(waiting)
        metrics.oldest.set(age)
        body = generate_latest(metrics.registry)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST})
