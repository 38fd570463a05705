"""Metrics of ``core/overload/overload.py``: what was shed and why, limits, lag, emergency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.core.overload.emergency import SHARES
from gateway.core.overload.shedding import COUNTER

_WORST: Final = {
    "loop_lag_seconds": "Seconds that the event loop of the slowest worker is late, standing.",
    "pressure": "0 to 3: how many priorities the most loaded worker sheds for its own sake.",
}
_GATES: Final = {
    "concurrency_limit": "Requests at a time that an upstream is given, all workers together.",
    "concurrency": "Requests that an upstream has in hand, streams apart.",
}


def overload_metrics(told: Iterable[dict[str, Any]], prefix: str) -> Iterator[Metric]:
    """Args:
    told: :meth:`gateway.core.app.Core.as_json` of each worker.
    prefix: of every metric's name.
    """
    workers = list(told)
    yield _shed([worker.get("counters", {}) for worker in workers], prefix)
    alive = [worker["overload"] for worker in workers if "overload" in worker]
    mode = GaugeMetricFamily(
        prefix + "emergency", "Workers in which an emergency is in force.", labels=("level",)
    )
    for level in SHARES:
        mode.add_metric((level,), sum(worker["emergency"] == level for worker in alive))
    yield mode
    for name, about in _WORST.items():
        worst = max((float(worker[name]) for worker in alive), default=0.0)
        yield GaugeMetricFamily(prefix + name, about, value=worst)
    yield from _gates([gate for worker in alive for gate in worker["gates"]], prefix)


def _shed(counters: list[dict[str, int]], prefix: str) -> Metric:
    family = CounterMetricFamily(
        prefix + "shed",
        "Requests turned away so that more urgent ones are served.",
        labels=("reason", "priority"),
    )
    for name in sorted({name for some in counters for name in some}):
        if name.startswith(COUNTER):
            labels = name.removeprefix(COUNTER).split(" ")
            family.add_metric(labels, sum(some.get(name, 0) for some in counters))
    return family


def _gates(gates: list[list[Any]], prefix: str) -> Iterator[Metric]:
    for place, (name, about) in enumerate(_GATES.items(), 1):
        family = GaugeMetricFamily(prefix + name, about, labels=("upstream",))
        for server in sorted({gate[0] for gate in gates}):
            value = sum(float(gate[place]) for gate in gates if gate[0] == server)
            family.add_metric((server,), value)
        yield family
