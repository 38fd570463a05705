"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.control.live.picture import Picture

Judgement = Literal["well", "watch", "act"]
Unit = Literal["ratio", "seconds", "days", "count", "per-second", "none"]
Measured = Iterator[tuple[str, float]]
"""Subject and measure; the subject is empty where there is only one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Attributes:
    id: names its texts.
    watch, act: from where on; ``inf`` for never (``-inf`` where it is falling).
    unit: of what it measures.
    reason: why just there.
    look: subject and measure, for each subject.
    falling: less is worse.
    """

    id: str
    watch: float
    act: float
    unit: Unit
    reason: str
    look: Callable[[Picture], Measured]
    falling: bool = False

    def judge(self, value: float) -> Judgement:
        def reached(threshold: float) -> bool:
            return value <= threshold if self.falling else value >= threshold

        if reached(self.act):
            return "act"
        return "watch" if reached(self.watch) else "well"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is not content.

    Attributes:
        subject: what it is about; empty where there is only one.
        detail: more, as names: the routes that fail, say.
    """

    rule: str
    judgement: Judgement
    subject: str
    value: float
    unit: Unit
    threshold: float
    detail: str = ""
