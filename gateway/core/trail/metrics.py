"""What operators must know of the journals of accesses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_COUNTERS: Final = {
    "accesses": "Accesses to personal data that were written down.",
    "failures": "Journals of accesses that could not be written any more.",
    "refused": "Requests refused because an access could not be written down.",
}
_GAUGES: Final = {
    "bytes": "Bytes of journals of accesses that are on disk.",
    "broken": "Workers that refuse personal routes as they cannot write accesses down.",
    "unshipped": "Accesses that the control plane has not taken yet.",
}


def trail_metrics(told: Iterable[dict[str, Any]], prefix: str) -> Iterator[Metric]:
    """The metrics of all workers together.

    Args:
        told: what each says of itself (:meth:`gateway.core.trail.trail.Trail.as_json`).
    """
    each = [worker.get("trail") or {} for worker in told]
    for name, about in _COUNTERS.items():
        total = sum(one.get(name, 0) for one in each)
        yield CounterMetricFamily(f"{prefix}trail_{name}", about, value=total)
    for name, about in _GAUGES.items():
        total = sum(one.get(name, 0) for one in each)
        yield GaugeMetricFamily(f"{prefix}trail_{name}", about, value=total)
    age = max((one.get("age", 0.0) for one in each), default=0.0)
    about = "Age of the oldest access that the control plane has not taken yet."
    yield GaugeMetricFamily(f"{prefix}trail_unshipped_age_seconds", about, value=age)
