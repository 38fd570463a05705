"""Counters → what was counted since the last look, of one process."""

from __future__ import annotations

from gateway.control.live.exposition import Reading
from gateway.control.live.families import Key


class Increments:
    """Remembers what one process last said.

    What it had counted before it was first seen is nobody's news. A counter that has gone back is
    that of a process which has begun anew: all it has counted is new. A series that was not there
    before has begun at nothing.
    """

    def __init__(self) -> None:
        self._last: dict[str, float] | None = None

    def of(self, reading: Reading) -> dict[Key, float]:
        """The increments since the reading before, by key; never below 0."""
        found: dict[Key, float] = {}
        last = self._last
        for series, (keys, value) in reading.counts.items():
            before = value if last is None else last.get(series, 0.0)
            grown = value - before if value >= before else max(0.0, value)
            if grown:
                for key in keys:
                    found[key] = found.get(key, 0.0) + grown
        self._last = {series: value for series, (_, value) in reading.counts.items()}
        return found
