"""The workers' counters, added up, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway.core.telemetry.exposition_upstreams import upstreams
from gateway.core.telemetry.overload_metrics import overload_metrics
from gateway.core.trail.metrics import trail_metrics
from schemas.usage import LATENCY_BOUNDS as BOUNDS

_P: Final = "supercity_gateway_"
_CLASSES: Final = ("cut", "1xx", "2xx", "3xx", "4xx", "5xx")
_LABELS: Final = ("route", "client_class")
_TOTALS: Final = {
    "policies_applied": "Policies put in force.",
    "policy_failures": "Attempts to get a policy that failed.",
    "log_dropped": "Access-log lines dropped because they could not be written in time.",
    "spans_sent": "Sampled requests whose spans were taken.",
    "spans_dropped": "Sampled requests whose spans were dropped: too many, or nobody took them.",
    "upgrades": "Connections that were switched to another protocol.",
    "upgrade_bytes_in": "Bytes from clients on connections that were switched.",
    "upgrade_bytes_out": "Bytes to clients on connections that were switched.",
    "upgrades_idle": "Switched connections that were ended because both sides were silent.",
    "tls_failures": "TLS handshakes that failed.",
    "tls_refused": "Connections reset because too many TLS handshakes were in progress.",
    "tls_plain_http": "Connections that spoke plain HTTP where TLS is spoken.",
    "tls_reloads": "Certificates taken into use after a change.",
    "tls_reload_failures": "Changed certificates that could not be used.",
    "withdrawn": "Exchanges cut because what allowed them was revoked or withdrawn.",
    "proofs_verified": "Proofs of possession whose signature was verified.",
    "tokens_verified": "Access tokens whose signature was verified.",
    "tokens_remembered": "Requests whose access token was already verified.",
    "cache_dropped": "Kept answers dropped to make room for others.",
    "cache_purges": "Purges by the control plane.",
}
_GAUGES: Final = {
    "connections": "Client connections open.",
    "under_way": "Requests begun and not ended.",
    "upgraded": "Connections that speak another protocol than HTTP.",
    "buckets": "Rate-limit buckets that are not full.",
    "quotas": "Quotas of this day that are counted.",
    "tls_handshakes": "TLS handshakes in progress.",
    "cache_entries": "Questions whose answers are kept.",
    "cache_bytes": "Memory that kept answers take.",
}


class Workers(Collector):
    """What :meth:`gateway.core.app.Core.as_json` said in each worker, as one set of metrics.

    Args:
        told: one per worker, with those of workers that have gone: a counter never goes back.
        alive: workers running.
    """

    def __init__(self, told: Iterable[dict[str, Any]], alive: int) -> None:
        self._told = list(told)
        self._alive = alive
        self._series: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for worker in self._told:
            for route, kind, stats in worker.get("series", ()):
                self._series.setdefault((route, kind), []).append(stats)

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield self._durations()
        yield self._in_flight()
        yield self._by_name("rejected", "reason", "Requests that the gateway refused.")
        yield self._by_name("failures", "kind", "Failures of upstreams.", "upstream_errors")
        yield self._by_name(
            "cache", "outcome", "Requests on kept routes, by outcome.", "cache_requests"
        )
        yield from overload_metrics(self._told, _P)
        yield from trail_metrics(self._told, _P)
        for name, about in _TOTALS.items():
            yield CounterMetricFamily(_P + name, about, value=self._total(name))
        for name, about in _GAUGES.items():
            yield GaugeMetricFamily(_P + name, about, value=self._total(name))
        yield from self._certificate()
        yield from self._policy_age()
        yield self._quotas()
        yield from upstreams(self._told)
        yield GaugeMetricFamily(_P + "workers", "Worker processes running.", value=self._alive)

    def _total(self, name: str) -> float:
        return sum(
            float(worker.get(name, worker.get("counters", {}).get(name, 0)))
            for worker in self._told
        )

    def _certificate(self) -> Iterator[Metric]:
        """The earliest end of those that workers use; nothing where TLS is not spoken."""
        ends = [worker["tls_not_after"] for worker in self._told if worker.get("tls_not_after")]
        if ends:
            about = "When the certificate in use ends, in seconds since the epoch."
            yield GaugeMetricFamily(_P + "tls_not_after_seconds", about, value=min(ends))

    def _policy_age(self) -> Iterator[Metric]:
        """Of the worker worst off."""
        ages = [worker["policy_age"] for worker in self._told if "policy_age" in worker]
        if ages:
            about = "Seconds since the control plane last said which policy is in force."
            yield GaugeMetricFamily(_P + "policy_age_seconds", about, value=max(ages))

    def _quotas(self) -> Metric:
        """Of several workers the one in which most is used: it is the first to refuse."""
        about = "Share of the day's quota that is used, where that is 80 % or more."
        family = GaugeMetricFamily(_P + "quota_used_ratio", about, labels=("client", "route"))
        used: dict[tuple[str, str], float] = {}
        for worker in self._told:
            for client, route, share in worker.get("near_quotas", ()):
                used[client, route] = max(share, used.get((client, route), 0.0))
        for labels, share in used.items():
            family.add_metric(labels, share)
        return family

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            _P + "requests", "Requests ended, by class of status.", labels=(*_LABELS, "status")
        )
        for labels, each in self._series.items():
            for index, name in enumerate(_CLASSES):
                count = sum(stats["statuses"][index] for stats in each)
                if count:
                    family.add_metric((*labels, name), count)
        return family

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            _P + "request_duration_seconds",
            "From a request's head to the end of its answer.",
            labels=_LABELS,
        )
        for labels, each in self._series.items():
            below, buckets = 0, []
            for index, bound in enumerate((*map(str, BOUNDS), "+Inf")):
                below += sum(stats["buckets"][index] for stats in each)
                buckets.append((bound, float(below)))
            family.add_metric(labels, buckets, sum(stats["seconds"] for stats in each))
        return family

    def _in_flight(self) -> Metric:
        family = GaugeMetricFamily(
            _P + "in_flight", "Requests sent upstream and not answered yet.", labels=_LABELS
        )
        for labels, each in self._series.items():
            family.add_metric(labels, sum(stats["in_flight"] for stats in each))
        return family

    def _by_name(self, part: str, label: str, about: str, name: str = "") -> Metric:
        family = CounterMetricFamily(_P + (name or part), about, labels=(*_LABELS, label))
        for labels, each in self._series.items():
            for key in {key for stats in each for key in stats[part]}:
                family.add_metric((*labels, key), sum(stats[part].get(key, 0) for stats in each))
        return family


def exposition(told: Iterable[dict[str, Any]], alive: int) -> bytes:
    """The text that ``GET /metrics`` answers with."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Workers(told, alive))
    return generate_latest(registry)
