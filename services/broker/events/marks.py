"""What became of dead letters: replayed, or discarded. The log they lie on is never changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from sqlalchemy import delete, select

from schemas.kit.store import Store
from schemas.ngsild import timestamp
from services.broker.events.deadletter import DeadLetter
from services.broker.tables import letter_marks
from services.broker.topics import DEAD_LETTERS_KEPT_SECONDS

What = Literal["replayed", "discarded"]
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Mark:
    """Attributes:
    time: of the letter that it is about; the same event given up later is another letter.
    at: when it was made, RFC 3339.
    """

    what: What
    time: str
    at: str


class Marks:
    """Args:
    clock: seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    async def put(self, letters: Iterable[DeadLetter], what: What) -> None:
        now = int(self._clock())
        old = letter_marks.c.at < now - DEAD_LETTERS_KEPT_SECONDS - _DAY
        async with self._store.write() as connection:
            for one in letters:
                row = {"id": one.id, "time": one.time, "what": what, "at": now}
                await connection.execute(self._store.upsert(letter_marks, **row))
            await connection.execute(delete(letter_marks).where(old))

    async def all(self) -> Mapping[str, Mark]:
        """By the letters' ids. There are as many as somebody has acted upon within a month."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(letter_marks))
            return {
                row.id: Mark(row.what, row.time, timestamp(datetime.fromtimestamp(row.at, UTC)))
                for row in rows
            }


def mark_of(letter: DeadLetter, marks: Mapping[str, Mark]) -> Mark | None:
    """What became of this very letter."""
    found = marks.get(letter.id)
    return found if found and found.time >= letter.time else None
