"""Bounds on calls into a library that may not let go when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")

_left_behind: Final[set[asyncio.Task[Any]]] = set()
"""Calls that were given up; kept until they end, so that nothing is destroyed at work."""


async def within(seconds: float, work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of ``work``, if it comes in time.

    ``asyncio.timeout`` cancels the work and then waits for it to end; aiokafka's clients swallow
    that in places and wait on. Here the work is cancelled and left. The other way round, a client
    that loses its connection may raise ``CancelledError`` although nobody cancelled: passed on, it
    would end the caller's task without a word.

    Raises:
        TimeoutError: it did not come in time, or the client gave it up.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            _left_behind.add(task)
            task.add_done_callback(_ended)
    if not task.done():
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    if task.cancelled():
        raise TimeoutError("the client gave up")
    return task.result()


def _ended(task: asyncio.Task[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()  # seen: nobody waits for it any more
