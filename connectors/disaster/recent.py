"""Answers of the last second, so that a crowd asking the same is one question to the store."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Final

_MOST: Final = 64


class Recent:
    """Remembers answers until the clock's second changes or something is known to have changed.

    What another process on the same store has changed is so seen within a second.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._second = 0
        self._answers: dict[Hashable, bytes] = {}
        self.generation = 0
        """Changes with every :meth:`forget`: an answer read before one must not be kept after."""

    def get(self, question: Hashable) -> bytes | None:
        second = int(self._clock().timestamp())
        if second != self._second:
            self._second = second
            self._answers.clear()
        return self._answers.get(question)

    def keep(self, question: Hashable, answer: bytes, generation: int) -> None:
        """Remember an answer that was read since ``generation``."""
        if generation == self.generation and len(self._answers) < _MOST:
            self._answers[question] = answer

    def forget(self) -> None:
        self.generation += 1
        self._answers.clear()
