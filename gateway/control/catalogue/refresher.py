"""Keeps the attached APIs' documents fresh, one task each."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from gateway.control.catalogue.attach import refresh
from gateway.control.catalogue.attached import Attached
from gateway.control.state import Control

logger = logging.getLogger(__name__)

EVERY: Final = 30.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_FIRST_PAUSE: Final = 2.0
_LOOK_EVERY: Final = 1.0


class Refresher:
    """Args:
    every: seconds between two fetches; what this process has not had yet is tried much more
        often, so that a city that starts is whole at once.
    """

    def __init__(self, control: Control, every: float = EVERY) -> None:
        self._control = control
        self._every = every
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Give every attached API its task. Runs until cancelled."""
        try:
            while True:
                self._match_tasks()
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _match_tasks(self) -> None:
        names = {api.name for api in self._control.publisher.current.attached}
        for name in names - self._tasks.keys():
            self._tasks[name] = asyncio.create_task(self._keep_fresh(name), name=f"fetch {name}")
        for name in self._tasks.keys() - names:
            self._tasks.pop(name).cancel()

    async def _keep_fresh(self, name: str) -> None:
        pause, longest = _FIRST_PAUSE, _LONGEST_FIRST_PAUSE
        while api := self._find(name):
            try:
                api = await refresh(self._control, api)
            except Exception as error:
                # a store that is away for a moment must not end the watch over this API
                logger.warning("API %s: not refreshed: %r", name, error)
                api = replace(api, error="not refreshed")
            if api.error:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, longest)
            else:
                pause, longest = _FIRST_PAUSE, self._every
                await asyncio.sleep(self._every)

    def _find(self, name: str) -> Attached | None:
        known = self._control.publisher.current.attached
        return next((api for api in known if api.name == name), None)
