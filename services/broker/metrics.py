"""What the broker counts, at ``/metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """One process's figures; a registry of its own, so that two brokers in a test do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Counter(
            "city_broker_events_accepted",
            "Events stored and on their way to the log",
            ["type"],
            registry=self.registry,
        )
        self.duplicates = Counter(
            "city_broker_events_duplicate",
            "Events sent again and recognised",
            registry=self.registry,
        )
        self.published = Counter(
            "city_broker_records_published",
            "Records that the log has taken",
            ["topic"],
            registry=self.registry,
        )
        self.dead = Counter(
            "city_broker_dead_letters", "Events given up", ["group"], registry=self.registry
        )
        self.replayed = Counter(
            "city_broker_dead_letters_replayed", "Dead letters sent again", registry=self.registry
        )
        self.retries = Counter(
            "city_broker_consumer_retries",
            "Events that a consumer inside the broker tried again",
            ["group"],
            registry=self.registry,
        )
        self.fetched = Counter(
            "city_broker_events_fetched", "Events handed to consumer groups", registry=self.registry
        )
        self.streamed = Counter(
            "city_broker_events_streamed", "Events handed to streams", registry=self.registry
        )
        self.relay_failures = self._gauge(
            "relay_failures", "Attempts to hand messages to the log since the last that succeeded"
        )
        self.lag = Gauge(
            "city_broker_group_lag_records",
            "Records on a consumer group's topics that it has not committed",
            ["client", "group"],
            registry=self.registry,
        )
        self.cut = Counter(
            "city_broker_streams_cut",
            "Streams ended because their reader was too slow",
            registry=self.registry,
        )
        self.outbox_size = self._gauge("outbox_messages", "Messages that wait for the log")
        self.outbox_age = self._gauge(
            "outbox_oldest_seconds", "How long the oldest of them has waited"
        )
        self.untold = self._gauge(
            "changes_untold", "Changes of entities that subscribers are still to be told of"
        )
        self.log_reachable = self._gauge("log_reachable", "1 when the log takes records")
        self.streams = self._gauge("streams_open", "Event streams open now")
        self.tail_lag = self._gauge(
            "tail_lag_seconds", "Time from an event's own time to its delivery"
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"city_broker_{name}", text, registry=self.registry)
