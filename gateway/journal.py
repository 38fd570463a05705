"""From the workers' journals to the control plane's audit log, in the background.

Each worker ships the journal that it writes, those that broke under it, and what a dead one has
left: a journal whose lock can be had is nobody's (:mod:`gateway.core.trail.files`). What the
control plane has taken is deleted; what it has taken twice, it has once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.core.trail.files import Folder, journals
from gateway.core.trail.journal import Journal
from gateway.core.trail.reader import Reader
from gateway.core.trail.trail import Trail
from gateway.inside import ControlPlane, NotTaken
from schemas.consent import ACCESSES_PATH

_log = logging.getLogger(__name__)
EVERY: Final = 0.2
"""Seconds between looks at what was written."""
ORPHANS_EVERY: Final = 5.0
LONGEST_PAUSE: Final = 5.0
LAST: Final = 2.0
"""Seconds for what is left when the worker ends; then another one ships it."""


class Shipper:
    """Ships journals until it is cancelled.

    Args:
        control_url: ``http://host:port`` inside the city's network.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        trail: Trail,
        control_url: str,
        gateway_key: bytes,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._control = ControlPlane(control_url, gateway_key)
        self._trail = trail
        self._now = now
        self._own: tuple[Journal, Reader] | None = None
        self._seen = 0
        self._left: list[Reader] = []
        self._failing = False

    async def run(self) -> None:
        """Ship for ever. Logs when it breaks and when it works again, nothing between."""
        pause, orphans = EVERY, 0.0
        try:
            while True:
                loop_now = time.monotonic()
                if loop_now >= orphans:
                    orphans = loop_now + ORPHANS_EVERY
                    self.adopt()
                works = await self.once()
                pause = EVERY if works else min(pause * 2, LONGEST_PAUSE)
                await asyncio.sleep(pause)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await self.last()

    def adopt(self) -> None:
        """Take what is nobody's."""
        held = {reader.folder.name for reader in self._left}
        for path in journals(self._trail.path):
            folder = Folder.adopt(path) if path.name not in held else None
            if folder is not None:
                self._left.append(Reader(folder))

    async def once(self) -> bool:
        """Ship what there is; whether the control plane took it."""
        try:
            await self._ship_own()
            for broken in self._trail.left:
                await broken.close(0.0)
                self._left.append(Reader(broken.folder))
            self._trail.left.clear()
            for reader in list(self._left):
                await self._ship(reader, None)
                reader.finish()
                self._left.remove(reader)
        except Exception as error:  # also a fault of ours: what is not shipped now is later
            self._fails(error)
            return False
        finally:
            self._tell()
        if self._failing:
            _log.info("accesses to personal data are taken again")
            self._failing = False
        return True

    async def _ship_own(self) -> None:
        journal = self._trail.journal
        if journal is None:
            return
        if self._own is None or self._own[0] is not journal:
            self._own, self._seen = (journal, Reader(journal.folder)), 0
        reader, commits = self._own[1], journal.commits
        if len(reader) or commits != self._seen:
            await self._ship(reader, journal)
            self._seen = commits

    async def _ship(self, reader: Reader, journal: Journal | None) -> None:
        more = True
        while more:
            written = (journal.segment, journal.written) if journal else None
            more = await asyncio.to_thread(reader.read, written)
            while not more or len(reader) >= 400:
                first, ready = reader.batch(self._now(), final=journal is None and not more)
                if not ready:
                    break
                freed = reader.taken(await self._post(reader.folder.name, first, ready))
                if journal is not None:
                    journal.bytes -= freed

    async def last(self) -> None:
        """The worker ends: ship what it has written, and leave nothing behind if all is taken."""
        journal = self._trail.journal
        if journal is not None:
            await journal.close(LAST)
            self._trail.journal = None
            self._trail.left.append(journal)
            self._own = None
        await self.once()

    def _tell(self) -> None:
        readers = [*self._left, *([self._own[1]] if self._own else [])]
        oldest = min((reader.oldest for reader in readers if len(reader)), default=0)
        self._trail.unshipped = sum(map(len, readers))
        self._trail.age = max(0.0, self._now() - oldest / 1000) if oldest else 0.0

    def _fails(self, error: Exception) -> None:
        if not self._failing:
            why = str(error) or type(error).__name__
            _log.warning("accesses to personal data are not taken: %s", why)
        self._failing = True

    async def _post(self, journal: str, first: int, ready: list[bytes]) -> int:
        """Have a piece appended to the audit log.

        Returns:
            The number of the journal's first access that is not in the log yet.

        Raises:
            Exception: it was not, or who knows.
        """
        body = b'{"journal":"%b","first":%d,"accesses":[%b]}' % (
            journal.encode(), first, b",".join(ready),
        )  # fmt: skip
        said = await self._control.post(ACCESSES_PATH, body)
        if not isinstance(said.get("next"), int):
            raise NotTaken("the control plane did not say what it has")
        return int(said["next"])
