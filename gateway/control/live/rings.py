"""What was counted lately: look by look for two minutes, and minute by minute for an hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.control.live.families import Key

LATELY: Final = 60.0
"""Seconds over which what is going on now is averaged."""
_KEPT: Final = 120.0
MINUTES: Final = 60


@dataclass(slots=True)
class Span:
    """Some seconds that ended at ``at``, on the monotonic clock, and what was counted in them."""

    at: float
    seconds: float
    counts: dict[Key, float] = field(default_factory=dict)

    def add(self, seconds: float, counts: Mapping[Key, float]) -> None:
        self.seconds += seconds
        for key, value in counts.items():
            self.counts[key] = self.counts.get(key, 0.0) + value


class Rings:
    """Both rings; bounded by time, and by how often somebody looks."""

    def __init__(self) -> None:
        self._looks: deque[Span] = deque(maxlen=600)
        self._minutes: deque[Span] = deque(maxlen=MINUTES)

    def add(self, at: float, seconds: float, counts: Mapping[Key, float]) -> None:
        """What was counted in the ``seconds`` before ``at``, which is never before the last."""
        self._looks.append(Span(at, seconds, dict(counts)))
        while self._looks and self._looks[0].at <= at - _KEPT:
            self._looks.popleft()
        # rounded to the clock, so that a minute is one however often was looked in it
        minute = at // 60 * 60 + 60
        for empty in self._missing(minute):
            self._minutes.append(Span(empty, 0.0))
        self._minutes[-1].add(seconds, counts)

    def _missing(self, minute: float) -> list[float]:
        if not self._minutes:
            return [minute]
        count = int((minute - self._minutes[-1].at) // 60)
        return [minute - 60 * back for back in range(min(count, MINUTES))][::-1]

    def lately(self, now: float, within: float = LATELY) -> Span:
        """The last ``within`` seconds together; at least one look, if there was any."""
        found = Span(now, 0.0)
        for look in reversed(self._looks):
            if look.at <= now - within and found.seconds:
                break
            found.add(look.seconds, look.counts)
        return found

    def hour(self) -> tuple[Span, ...]:
        """The minutes, oldest first; one in which nobody looked has no seconds."""
        return tuple(self._minutes)
