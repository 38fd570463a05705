"""Processes to kill, ready in a moment: forked from one that has imported what they need.

A fresh interpreter takes two seconds of processor to import an application, and tests that kill
brokers start dozens. What is forked is a process like any other, with a memory of its own; only
that nothing of the test that starts it is in it, its environment included.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from typing import Any, Final

_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["uvicorn", "tests.services.broker.server", "tests.connectors.payments.dying"]
)


class Forked:
    """A process that runs ``work(*arguments)``; both must be importable, or picklable.

    Raises:
        AssertionError: on ``stop``, when it does not end in time.
    """

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._process = _FORKS.Process(target=work, args=arguments)
        self._process.start()

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    async def kill(self) -> int | None:
        """SIGKILL; what it ended with."""
        self._process.kill()
        return await self._ended(10)

    async def stop(self, seconds: float) -> None:
        """SIGTERM, and an orderly end."""
        self._process.terminate()
        await self._ended(seconds)
        assert not self.running, f"it did not end within {seconds} s"

    async def _ended(self, seconds: float) -> int | None:
        await asyncio.to_thread(self._process.join, seconds)
        return self._process.exitcode
