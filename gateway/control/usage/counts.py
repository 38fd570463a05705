"""What was counted of one client and one operation in some time. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest
from typing import Any, Final, TypeVar

import orjson

from schemas.usage import LATENCY_BOUNDS, OTHER, Use

KINDS: Final = 64
"""Kinds of errors that are told apart; more are added up as ``other``."""


@dataclass(slots=True)
class Counts:
    """See :class:`schemas.usage.Use` for each member."""

    statuses: list[int] = field(default_factory=list)
    latency: list[int] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    spent_on_route: int = 0

    @classmethod
    def of(cls, use: Use) -> Counts:
        return cls(
            list(use["statuses"]),
            list(use["latency"]),
            dict(use.get("errors", {})),
            use.get("spent", 0),
            use.get("spent_on_route", 0),
        )

    @classmethod
    def read(cls, text: str) -> Counts:
        """As :meth:`written`."""
        said: dict[str, Any] = orjson.loads(text)
        return cls(said.get("s", []), said.get("l", []), said.get("e", {}), *said.get("q", (0, 0)))

    def written(self) -> str:
        """Short, as there are many of them: without zeros at the end, nor what is nothing."""
        said: dict[str, Any] = {"s": _trimmed(self.statuses), "l": _trimmed(self.latency)}
        if self.errors:
            said["e"] = self.errors
        if self.spent or self.spent_on_route:
            said["q"] = [self.spent, self.spent_on_route]
        return orjson.dumps(said).decode()

    def add(self, other: Counts) -> None:
        self.statuses = _sums(self.statuses, other.statuses)
        self.latency = _sums(self.latency, other.latency)
        for kind, count in other.errors.items():
            known = kind in self.errors or len(self.errors) < KINDS
            name = kind if known else OTHER
            self.errors[name] = self.errors.get(name, 0) + count
        self.spent += other.spent
        self.spent_on_route += other.spent_on_route

    @property
    def requests(self) -> int:
        return sum(self.statuses)

    @property
    def failed(self) -> int:
        """Answers of 4xx and 5xx, and those cut before any."""
        return self.status(0) + self.status(4) + self.status(5)

    def status(self, digit: int) -> int:
        """Answers whose status begins with ``digit``; 0: cut before any."""
        return self.statuses[digit] if digit < len(self.statuses) else 0

    def quantile(self, part: float) -> float | None:
        """The duration in seconds that ``part`` of all answers stayed under; None without any.

        Within a bucket answers are taken to lie evenly; what took longer than the last bound is
        taken to have taken just that.
        """
        total = sum(self.latency)
        if not total:
            return None
        wanted = part * total
        for index, below in enumerate(accumulate(self.latency)):
            if below >= wanted and self.latency[index]:
                return _within(index, 1 - (below - wanted) / self.latency[index])
        return LATENCY_BOUNDS[-1]


def _within(bucket: int, part: float) -> float:
    if bucket >= len(LATENCY_BOUNDS):
        return LATENCY_BOUNDS[-1]
    low = LATENCY_BOUNDS[bucket - 1] if bucket else 0.0
    return low + part * (LATENCY_BOUNDS[bucket] - low)


def _sums(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip_longest(one, other, fillvalue=0)]


def _trimmed(numbers: list[int]) -> list[int]:
    last = max((index for index, number in enumerate(numbers) if number), default=-1)
    return numbers[: last + 1]


def total(parts: Iterable[Counts]) -> Counts:
    found = Counts()
    for part in parts:
        found.add(part)
    return found


K = TypeVar("K", bound=Hashable)


def grouped(parts: Iterable[tuple[K, Counts]]) -> Mapping[K, Counts]:
    """Added up by what each is of."""
    found: dict[K, Counts] = {}
    for key, part in parts:
        found.setdefault(key, Counts()).add(part)
    return found
