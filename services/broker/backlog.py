"""How much waits for the log, and when publishers are asked to wait instead."""

from __future__ import annotations

from typing import Final

from schemas.kit.outbox import Outbox
from schemas.problem import Unavailable

MOST_WAITING: Final = 100_000
_RETRY_AFTER: Final = "5"


class Backlog:
    """The outbox's size as last counted, plus what came since.

    Counting costs the store more the longer the outbox is, so it is counted once a second and not
    for each request: the bound may be passed by what arrives within that second.
    """

    def __init__(self, outbox: Outbox, most: int) -> None:
        self._outbox, self._most = outbox, most
        self.waiting = 0
        self.oldest_seconds = 0.0

    async def count(self) -> None:
        self.waiting, self.oldest_seconds = await self._outbox.waiting()

    def grew(self, count: int) -> None:
        self.waiting += count

    def admit(self, count: int) -> None:
        """Let ``count`` more messages in.

        Raises:
            Unavailable: they would pass the bound; carries ``Retry-After``.
        """
        if self.waiting + count > self._most:
            raise Unavailable(
                f"{self.waiting} messages wait for the log, which holds them up; nothing of this"
                " request was stored. Send it again later.",
                headers={"retry-after": _RETRY_AFTER},
            )
