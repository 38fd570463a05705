"""What a new version of a type means for those who publish and read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.broker.registry.covers import Gap, covers
from services.broker.registry.known import Compatibility


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a schema stands to the one before it.

    Attributes:
        backward: where it refuses what the one before accepted: publishers break there.
        forward: where it lets through what a reader of the one before cannot read.
    """

    backward: list[Gap]
    forward: list[Gap]

    def against(self, mode: Compatibility) -> list[Gap]:
        """What breaks the rule that the type keeps to."""
        found = []
        if mode in (Compatibility.BACKWARD, Compatibility.FULL):
            found += [Gap(x.where, f"{x.what}, and was (backward)") for x in self.backward]
        if mode in (Compatibility.FORWARD, Compatibility.FULL):
            found += [Gap(x.where, f"{x.what} by readers of today (forward)") for x in self.forward]
        return found


def compare(new: dict[str, Any], before: dict[str, Any]) -> Verdict:
    """Weigh a new schema against the one before it (both in the subset).

    Forward is asked on behalf of readers who pass over members that they do not know, as every
    reader of events must.
    """
    return Verdict(backward=covers(new, before), forward=covers(before, new, tolerant=True))
