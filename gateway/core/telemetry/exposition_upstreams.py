"""Upstreams and their addresses, as the workers see them, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_P: Final = "supercity_gateway_upstream_"
_GAUGES: Final = {
    "circuit_open": "Workers in which the circuit of the upstream is open.",
    "waiting": "Requests that wait for a connection to the upstream.",
}
_ADDRESS: Final[tuple[tuple[str, str, Callable[[list[float]], float]], ...]] = (
    ("address_in_flight", "Requests under way at an address.", sum),
    ("address_latency_seconds", "Time to the head of an answer lately, the slowest worker's.", max),
    ("address_out", "Workers that pass over an address.", sum),
)
"""Of each item of what ``Upstream.as_json`` says of an address."""


def upstreams(told: Iterable[dict[str, Any]]) -> Iterator[Metric]:
    """The metrics of all upstreams.

    Args:
        told: what each worker said.
    """
    told = list(told)
    yield _events(told)
    seen = [(name, each) for one in told for name, each in one.get("upstreams", {}).items()]
    for gauge, about in _GAUGES.items():
        family = GaugeMetricFamily(_P + gauge, about, labels=("upstream",))
        for name in sorted({name for name, _ in seen}):
            family.add_metric((name,), sum(each[gauge] for at, each in seen if at == name))
        yield family
    yield from _addresses(seen)


def _events(told: list[dict[str, Any]]) -> Metric:
    about = "Retries, ejections, circuit breaks and what else happened to an upstream."
    family = CounterMetricFamily(_P + "events", about, labels=("upstream", "event"))
    found: dict[tuple[str, str], int] = {}
    for one in told:
        for name, events in (one.get("upstream_events") or {}).items():
            for event, count in events.items():
                found[name, event] = found.get((name, event), 0) + count
    for labels, count in found.items():
        family.add_metric(labels, count)
    return family


def _addresses(seen: list[tuple[str, dict[str, Any]]]) -> Iterator[Metric]:
    values: dict[tuple[str, str], list[list[float]]] = {}
    for name, each in seen:
        for address, numbers in each["addresses"].items():
            values.setdefault((name, address), []).append(numbers)
    for index, (gauge, about, together) in enumerate(_ADDRESS):
        family = GaugeMetricFamily(_P + gauge, about, labels=("upstream", "address"))
        for labels, all_numbers in values.items():
            family.add_metric(labels, together([numbers[index] for numbers in all_numbers]))
        yield family
