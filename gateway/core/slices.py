"""Long work between short pieces of everybody else's: how a worker changes its policy under load.

A thread would not do: the interpreter's lock goes from thread to thread in steps of milliseconds,
and calls into C keep it for as long as they take. So long work is written as a generator that
yields often, and is run for a moment at a time on the loop, which serves its connections between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from time import monotonic
from typing import Any, Final, TypeVar

T = TypeVar("T")
Work = Generator[None, None, T]

SLICE: Final = 0.001
"""Seconds for which work goes on at a time; what one of its steps takes comes on top."""


def emptied(heavy: list[Any] | dict[Any, Any]) -> Work[None]:
    """Free what is in ``heavy`` in steps: to drop a large container in one go is a pause."""
    while heavy:
        heavy.popitem() if isinstance(heavy, dict) else heavy.pop()
        yield


def at_once(work: Work[T]) -> T:
    """The result of ``work``, where nobody waits."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


async def in_slices(work: Work[T]) -> T:
    """The result of ``work``, with a turn of the event loop after each slice."""
    while True:
        until = monotonic() + SLICE
        try:
            while monotonic() < until:
                next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        await asyncio.sleep(0)
