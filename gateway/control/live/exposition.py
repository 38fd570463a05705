"""Prometheus' text → numbers by what they are about (:mod:`gateway.control.live.families`).

``prometheus_client.parser`` reads a series' name and labels once; after that the series is known by
its own text, so that reading the same process again costs a look-up a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from gateway.control.live.families import DURATION, FAMILIES, Key, Kind

MOST_LINES: Final = 400_000
"""Of one exposition: a gateway's 10,000 series are some 250,000 lines."""
_REMEMBERED: Final = 1_000_000
_Kept = tuple[tuple[Key, Kind], ...]


@dataclass(slots=True)
class Reading:
    """What one process said at one moment.

    Attributes:
        counts: counters by their series' own text, with the keys they count for.
        levels: gauges by key; several series of one key are together by their kind.
    """

    counts: dict[str, tuple[tuple[Key, ...], float]] = field(default_factory=dict)
    levels: dict[Key, tuple[Kind, float]] = field(default_factory=dict)


class Reader:
    """Reads expositions.

    Args:
        lasting: ids of routes that are meant to last, whose durations say nothing.
    """

    def __init__(self, lasting: Set[str] = frozenset()) -> None:
        self._lasting = lasting
        self._known: dict[str, _Kept] = {}

    def read(self, text: str) -> Reading:
        """What of ``text`` is looked at. Lines that are none of the format are passed over.

        Raises:
            ValueError: it has more lines than any process of the city's.
        """
        if text.count("\n") > MOST_LINES:
            raise ValueError(f"more than {MOST_LINES} lines")
        if len(self._known) > _REMEMBERED:
            self._known = {}
        found = Reading()
        for series, value in _samples(text):
            kept = self._known.get(series)
            if kept is None:
                kept = self._known[series] = self._kept(series)
            if kept:
                _note(found, series, kept, value)
        return found

    def _kept(self, series: str) -> _Kept:
        name = series.partition("{")[0]
        families = FAMILIES.get(name)
        if families is None:
            return ()
        labels = _labels(series)
        if labels is None or (name == DURATION and labels.get("route") in self._lasting):
            return ()
        return tuple((family.key(labels), family.kind) for family in families)


def _samples(text: str) -> Iterator[tuple[str, float]]:
    """Each line's series as it is written, and its value; a timestamp or exemplar is left out."""
    for line in text.split("\n"):  # not splitlines: a label may have what that takes for one
        if not line or line[0] == "#":
            continue
        end = line.rfind("}") + 1 or line.find(" ")
        rest = line[end:].split(None, 1)
        if end <= 0 or not rest:
            continue
        try:
            value = float(rest[0])
        except ValueError:
            continue
        if isfinite(value):
            yield line[:end], value


def _labels(series: str) -> dict[str, str] | None:
    try:
        for family in text_string_to_metric_families(f"{series} 0\n"):
            for sample in family.samples:
                return dict(sample.labels)
    except (ValueError, KeyError, IndexError):
        pass  # not of the format; what a process says wrongly is not known, and that is all
    return None


def _note(found: Reading, series: str, kept: _Kept, value: float) -> None:
    counted = tuple(key for key, kind in kept if kind == "count")
    if counted:
        found.counts[series] = (counted, value)
    for key, kind in kept:
        if kind != "count":
            found.levels[key] = (kind, together(kind, found.levels.get(key), value))


def together(kind: Kind, before: tuple[Kind, float] | None, value: float) -> float:
    """A gauge beside another of its key."""
    if before is None:
        return value
    return max(before[1], value) if kind == "max" else before[1] + value
