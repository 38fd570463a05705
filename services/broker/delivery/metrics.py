"""What deliveries are counted by, at ``/metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.kit.outgoing.model import State
from schemas.kit.outgoing.schedule import Answer


class DeliveryMetrics:
    """The figures of one process; never by endpoint, of which there may be any number."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tries = Counter(
            "city_broker_delivery_tries",
            "Requests to receivers, by what came of them",
            ["result"],  # delivered, failed
            registry=registry,
        )
        self.retries = Counter(
            "city_broker_delivery_retries",
            "Requests that were not the first for their message",
            registry=registry,
        )
        self.given_up = Counter(
            "city_broker_deliveries_given_up",
            "Messages that no try delivered",
            registry=registry,
        )
        self.dropped = Counter(
            "city_broker_deliveries_dropped",
            "Messages not sent: too old, receiver gone, or not for it any more",
            registry=registry,
        )
        self.seconds = Histogram(
            "city_broker_delivery_seconds",
            "How long receivers take to answer",
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
            registry=registry,
        )
        self.waiting = self._gauge(registry, "waiting", "Messages that wait for their receiver")
        self.oldest = self._gauge(
            registry, "oldest_seconds", "How long the oldest of them has waited"
        )
        self.circuits = self._gauge(
            registry, "circuits_open", "Endpoints that are not called at the moment"
        )

    def _gauge(self, registry: CollectorRegistry, name: str, text: str) -> Gauge:
        return Gauge(f"city_broker_delivery_{name}", text, registry=registry)

    def note(self, state: State, answer: Answer, *, first: bool) -> None:
        """Count one try."""
        self.tries.labels("delivered" if answer.ok else "failed").inc()
        self.seconds.observe(answer.seconds)
        if not first:
            self.retries.inc()
        if state == "failed":
            self.given_up.inc()
