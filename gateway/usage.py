"""How clients use the city's APIs: from a worker's memory to the control plane, in the background.

Every few seconds a worker takes what it has counted and tells it in numbered reports, one at a
time: one that got no answer is sent again as it was, so that it counts once whatever became of it.
While the control plane is away counts are kept, minute by minute and bounded; beyond the bound
they are added up under coarser names and times, and their sum still is right. What a worker that
is killed had not told is lost: at most what came in since the last report.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Final

import orjson

from gateway.core.telemetry.usage import Counted, Usage
from gateway.inside import ControlPlane
from schemas.usage import MOST_USES, USAGE_PATH, UsageReport

_log = logging.getLogger(__name__)
EVERY: Final = 5.0
LONGEST_PAUSE: Final = 30.0
LAST: Final = 2.0
"""Seconds for what is left when the worker ends; then it is lost."""
MINUTES: Final = 120
"""Kept apart while the control plane is away; what comes later is added to the last of them."""
PAIRS: Final = 20_000
"""Of client, operation and minute that are kept; what comes later is counted as ``other``."""


class UsageShipper:
    """Tells what a worker counts until it is cancelled.

    Args:
        now: seconds since the epoch.
    """

    def __init__(
        self, usage: Usage, control: ControlPlane, *, now: Callable[[], float] = time.time
    ) -> None:
        self._usage, self._control, self._now = usage, control, now
        self._worker = token_hex(16)
        self._sequence = 0
        self._minutes: dict[int, Counted] = {}
        self._report: bytes = b""
        self._failing = False

    async def run(self) -> None:
        """Tell for ever. Logs when it breaks and when it works again, nothing between."""
        pause = EVERY
        try:
            while True:
                await asyncio.sleep(pause)
                pause = EVERY if await self.once() else min(pause * 2, LONGEST_PAUSE)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await self.once()

    async def once(self) -> bool:
        """Tell all there is; whether the control plane took it."""
        self._gather()
        try:
            while self._report or self._next():
                await self._control.post(USAGE_PATH, self._report)
                self._report = b""
        except Exception as error:  # also a fault of ours: what is not told now is later
            if not self._failing:
                _log.warning("usage is not taken: %s", str(error) or type(error).__name__)
            self._failing = True
            return False
        if self._failing:
            _log.info("usage is taken again")
            self._failing = False
        return True

    def _gather(self) -> None:
        taken = self._usage.take()
        if not taken.clients:
            return
        minute = int(self._now()) // 60 * 60
        if minute not in self._minutes and len(self._minutes) >= MINUTES:
            minute = max(self._minutes)
        room = PAIRS - sum(each.pairs for each in self._minutes.values())
        kept = self._minutes.setdefault(minute, Counted(0))
        kept.most = kept.pairs + max(0, room)
        kept.add(taken)

    def _next(self) -> bool:
        """Make a report of the oldest minute, which is then sent until it is taken."""
        while self._minutes:
            minute, counted = next(iter(self._minutes.items()))
            uses = counted.pop(MOST_USES)
            if uses:
                self._sequence += 1
                report = UsageReport(
                    worker=self._worker, sequence=self._sequence, minute=minute, uses=uses
                )
                self._report = orjson.dumps(report)
                return True
            del self._minutes[minute]
        return False
