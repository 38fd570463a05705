"""Consents as one part of the broker: put together, started and stopped here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from services.broker.consent.control import Control
from services.broker.consent.ended import Ended
from services.broker.consent.feed import Feed
from services.broker.consent.gate import Gate
from services.broker.consent.receivers import Receivers
from services.broker.consent.sweeper import Sweeper


@dataclass
class Consents:
    """Everything about consents.

    Args:
        control: None where no control plane is, and so no consents.

    Attributes:
        gate: what may be handed out.
        receivers: under what a caller receives.
    """

    control: Control | None
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.ended = Ended(follows=self.control is not None)
        self.gate = Gate(self.ended)
        self.receivers = Receivers(self.control, self.gate)

    def start(self, sweeper: Sweeper) -> None:
        """Follow what ends; until the first word, personal data waits."""
        if self.control is not None:
            feed = Feed(self.control, self.ended, sweeper)
            self._task = asyncio.create_task(feed.run(), name="consents")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.control is not None:
            await self.control.close()
