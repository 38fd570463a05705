"""How word of what ends reaches the broker: a long poll of the control plane."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from services.broker.consent.control import Control
from services.broker.consent.ended import Ended
from services.broker.consent.sweeper import Sweeper

logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0
_CHECK_SECONDS: Final = 300.0
"""After which all that is held is asked about: grants run out, and a word may have been missed."""


class Feed:
    """Keeps :class:`Ended` on the newest word.

    Args:
        ticks: seconds that only ever grow.
    """

    def __init__(
        self,
        control: Control,
        ended: Ended,
        sweeper: Sweeper,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control, self._ended, self._sweeper = control, ended, sweeper
        self._ticks = ticks
        self._etag = ""
        self._checked: float | None = None

    async def run(self) -> None:
        """Follow for ever; logs when it breaks and when it works again, nothing between."""
        pause, failing = _FIRST_PAUSE, False
        while True:
            try:
                await self.once()
            except (OSError, SQLAlchemyError, ValueError, KeyError) as error:
                if not failing:
                    logger.warning("which consents end is not known: %s", error)
                failing = True
                self._checked = None  # what ended meanwhile may be told no more: ask for all
                if self._ended.is_silent:
                    self._sweeper.silent()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                if failing:
                    logger.info("which consents end is known again")
                pause, failing = _FIRST_PAUSE, False

    async def once(self) -> None:
        """One question; and what ended is ended here before the next."""
        ends, etag = await self._control.ends(self._etag)
        if ends is not None:
            self._ended.learn(ends)
            await self._sweeper.sweep(ends)
            self._etag = etag
        if self._checked is None or self._ticks() - self._checked > _CHECK_SECONDS:
            await self._check()
        self._ended.heard()

    async def _check(self) -> None:
        grants, consents = await self._sweeper.held()
        dead = await self._control.dead(sorted(grants), sorted(consents))
        if dead["grants"] or dead["consents"]:
            await self._sweeper.sweep(self._ended.add(dead))
        self._checked = self._ticks()
