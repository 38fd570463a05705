"""What is counted about consents."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.broker.consent.ended import Ended


class ConsentMetrics:
    """Figures; none of them names a client or a resident."""

    def __init__(self, registry: CollectorRegistry, ended: Ended) -> None:
        age = Gauge(
            "city_broker_consent_feed_age_seconds",
            "Time since the control plane said which consents ended; above 30, personal data waits",
            registry=registry,
        )
        age.set_function(lambda: ended.age if ended.follows else 0.0)
        self.cut = Counter(
            "city_broker_consent_streams_cut",
            "Streams ended because what they were opened under ended",
            registry=registry,
        )
        self.ended = Counter(
            "city_broker_consent_ended",
            "Webhooks and subscriptions that ended with a grant",
            ["kind"],
            registry=registry,
        )
        self.dropped = Counter(
            "city_broker_consent_dropped",
            "Messages that waited, and were dropped because their consent had ended",
            registry=registry,
        )
