"""Which of the processes' metrics an operator's picture is made of, and what each is about.

The rest of an exposition is passed over: what is not looked at need not be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Key = tuple[str, ...]
"""What is measured, and of what: ``("answers", "mobility", "5xx")``."""

Kind = Literal["count", "sum", "max"]
"""``count``: a counter, of which increments are added up. The others are gauges; of several
processes the sum or the largest."""

API: Final = "api"
"""Label that metrics do not have: the API of their ``route``, whose id is ``<api>.<operation>``."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric, by its name in the exposition.

    Attributes:
        what: the first part of its keys; ``labels`` are the others.
    """

    what: str
    labels: tuple[str, ...] = ()
    kind: Kind = "count"

    def key(self, labels: Mapping[str, str]) -> Key:
        return (self.what, *(_label(labels, name) for name in self.labels))


def _label(labels: Mapping[str, str], name: str) -> str:
    if name == API:
        return labels.get("route", "").partition(".")[0]
    return labels.get(name, "")


def _count(what: str, *labels: str) -> Family:
    return Family(what, labels)


def _sum(what: str, *labels: str) -> Family:
    return Family(what, labels, "sum")


def _max(what: str, *labels: str) -> Family:
    return Family(what, labels, "max")


DURATION: Final = "supercity_gateway_request_duration_seconds_bucket"
"""The one of which routes that are meant to last are left out."""

_GATEWAY: Final = {
    "requests_total": (_count("answers", API, "status"), _count("route", "route", "status")),
    "request_duration_seconds_bucket": (_count("below", API, "le"),),
    "rejected_total": (_count("refused", API, "reason"),),
    "upstream_errors_total": (_count("failures", API, "kind"),),
    "shed_total": (_count("shed", "priority"),),
    "policy_failures_total": (_count("policy-failures"),),
    "trail_refused_total": (_count("trail-refused"),),
    "in_flight": (_sum("in-flight", API),),
    "concurrency": (_sum("in-hand", "upstream"),),
    "concurrency_limit": (_sum("limit", "upstream"),),
    "upstream_circuit_open": (_sum("circuit", "upstream"),),
    "upstream_waiting": (_sum("waiting", "upstream"),),
    "upstream_address_out": (_sum("out", "upstream", "address"),),
    "upstream_address_latency_seconds": (_max("address-seconds", "upstream", "address"),),
    "loop_lag_seconds": (_max("loop-lag"),),
    "emergency": (_sum("emergency", "level"),),
    "workers": (_sum("workers"),),
    "connections": (_sum("connections"),),
    "policy_age_seconds": (_max("policy-age"),),
    "trail_unshipped": (_sum("trail-unshipped"),),
    "trail_unshipped_age_seconds": (_max("trail-age"),),
    "trail_broken": (_sum("trail-broken"),),
    "tls_not_after_seconds": (_max("tls-not-after"),),
    "quota_used_ratio": (_max("quota", "client", "route"),),
}
_BROKER: Final = {
    "events_accepted_total": (_count("events-accepted"),),
    "records_published_total": (_count("records-published"),),
    "dead_letters_total": (_count("dead-letters", "group"),),
    "consumer_retries_total": (_count("consumer-retries", "group"),),
    "deliveries_given_up_total": (_count("deliveries-given-up"),),
    "delivery_tries_total": (_count("delivery-tries", "result"),),
    "group_lag_records": (_max("lag", "client", "group"),),
    "outbox_messages": (_max("outbox-messages"),),
    "outbox_oldest_seconds": (_max("outbox-age"),),
    "changes_untold": (_max("untold"),),
    "log_reachable": (_max("log-reachable"),),
    "streams_open": (_sum("streams"),),
    "delivery_waiting": (_max("delivery-waiting"),),
    "delivery_oldest_seconds": (_max("delivery-age"),),
    "delivery_circuits_open": (_max("delivery-circuits"),),
    "consent_feed_age_seconds": (_max("consents-age"),),
}
_CONNECTORS: Final = {
    "feed_age_seconds": (_max("feed-age", "domain", "feed"),),
    "feed_interval_seconds": (_max("feed-interval", "domain", "feed"),),
    "feed_failing_seconds": (_max("feed-failing", "domain", "feed"),),
    "feed_failures_total": (_count("feed-failures", "domain", "feed"),),
    "feed_rests": (_max("feed-rests", "domain", "feed"),),
    "outbox_messages": (_max("said-waiting", "domain"),),
    "outbox_oldest_seconds": (_max("said-age", "domain"),),
}
_OTHERS: Final = {
    "evacuation_following": (_max("evacuation-following"),),
    "evacuation_outbox_messages": (_max("evacuation-waiting"),),
    "evacuation_outbox_age_seconds": (_max("evacuation-age"),),
    "city_control_consent_notices_waiting": (_max("notices-waiting"),),
    "city_control_consent_notices_oldest_seconds": (_max("notices-age"),),
}

FAMILIES: Final[dict[str, tuple[Family, ...]]] = {
    **{"supercity_gateway_" + name: family for name, family in _GATEWAY.items()},
    **{"city_broker_" + name: family for name, family in _BROKER.items()},
    **{"city_connector_" + name: family for name, family in _CONNECTORS.items()},
    **_OTHERS,
}
"""Sample name → what becomes of it."""
