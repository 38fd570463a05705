"""How much waits for the log and for subscribers, and when publishers are asked to wait instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from schemas.kit.outbox import Outbox
from schemas.problem import Unavailable

MOST_WAITING: Final = 100_000
_RETRY_AFTER: Final = "5"


async def _nothing() -> int:
    return 0


class Backlog:
    """The outbox's size and the journal's as last counted, plus what came since.

    Counting costs the store more the longer they are, so they are counted once a second and not
    for each request: the bound may be passed by what arrives within that second.

    Args:
        most: of either.
        untold: counts the changes that subscribers are still to be told of.
    """

    def __init__(
        self, outbox: Outbox, most: int, untold: Callable[[], Awaitable[int]] = _nothing
    ) -> None:
        self._outbox, self._most, self._count_untold = outbox, most, untold
        self.waiting = 0
        self.oldest_seconds = 0.0
        self.untold = 0

    async def count(self) -> None:
        self.waiting, self.oldest_seconds = await self._outbox.waiting()
        self.untold = await self._count_untold()

    def grew(self, count: int) -> None:
        self.waiting += count

    def admit(self, count: int) -> None:
        """Let ``count`` more messages in.

        Raises:
            Unavailable: they would pass the bound; carries ``Retry-After``.
        """
        self._check(self.waiting + count, f"{self.waiting} messages wait for the log")

    def admit_changes(self, count: int) -> None:
        """The same for changes of entities, of which subscribers are told too."""
        self.admit(count)
        # not with what comes: only some changes are anybody's to be told of
        self._check(self.untold + 1, f"subscribers are still to be told of {self.untold} changes")

    def _check(self, number: int, why: str) -> None:
        if number > self._most:
            raise Unavailable(
                f"{why}; nothing of this request was stored. Send it again later.",
                headers={"retry-after": _RETRY_AFTER},
            )
