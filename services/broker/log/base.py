"""The log: the one port through which the broker keeps and hands on what happened.

Promises that every adapter keeps (``tests/contracts/log``): what :meth:`EventLog.publish` returned
for is on disk; records of one topic and key are read in the order in which they were published;
a reader at any position gets every record after it, at least once. Exactly once is not promised by
anyone: a record may be there twice when a publisher died before it knew, so effects are idempotent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from services.broker.log.position import Position

MOST_RECORD_BYTES: Final = 1_400_000
"""Key, value and headers of one record; a little more than the largest request body."""


class LogUnavailable(Exception):
    """The log cannot be reached at the moment; nothing is lost by trying again."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and how long it keeps its records.

    Attributes:
        retention_seconds: age after which records may go; 0 keeps them for ever.
        compacted: keep at least the newest record of each key, however old, and drop older ones.
        partitions: how far readers of one group can spread; keys are spread over them.
    """

    name: str
    retention_seconds: int = 7 * 86_400
    compacted: bool = False
    partitions: int = 6


@dataclass(frozen=True, slots=True)
class Record:
    """One thing to keep.

    Attributes:
        key: records of one key stay in order among themselves.
        headers: names and values, both text.
    """

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it stands in the log."""

    record: Record
    slot: str
    offset: int

    def after(self, position: Position) -> Position:
        """``position``, moved behind this record."""
        return position.advanced(self.slot, self.offset + 1)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read brought: records in order, and where the reader then stands."""

    position: Position
    records: Sequence[Stored] = field(default_factory=tuple)


class Reader(Protocol):
    """One reader's way through some topics."""

    @property
    def position(self) -> Position:
        """Behind what was read; slots of other topics stay as they were given."""
        ...

    def has_seen(self, position: Position) -> bool:
        """Whether everything before ``position`` in this reader's topics was read."""
        ...

    async def read(self, *, limit: int, wait: float) -> Batch:
        """Up to ``limit`` records; when there are none yet, wait up to ``wait`` seconds for one.

        Raises:
            LogUnavailable: nothing was skipped; read again.
        """
        ...

    async def seek(self, position: Position) -> None:
        """Go on from ``position``; offsets that retention has removed move up to the oldest."""
        ...

    async def close(self) -> None: ...


class EventLog(Protocol):
    """A durable, ordered log shared by several processes."""

    async def ensure(self, topics: Sequence[Topic]) -> None:
        """Create what is missing; an existing topic keeps its partitions."""
        ...

    async def publish(self, records: Sequence[Record]) -> None:
        """Append in order; durable when it returns.

        Raises:
            LogUnavailable: some records may be in the log; publish all of them again.
        """
        ...

    async def reader(
        self, topics: Sequence[str], after: Position, *, following: bool = False
    ) -> Reader:
        """A reader that starts at ``after``.

        Args:
            following: it will stay at the end of the log, and is read again and again: it need not
                make sure each time that nothing came is because there is nothing.
        """
        ...

    async def end(self, topics: Sequence[str]) -> Position:
        """Behind the last record of now: where one starts who wants only what is to come."""
        ...

    async def since(self, topics: Sequence[str], when: float) -> Position:
        """Before the first record that came at ``when`` (seconds since the epoch) or later."""
        ...

    async def committed(self, group: str, topics: Sequence[str]) -> Position:
        """Where the group stands; the beginning when it never committed."""
        ...

    async def commit(self, group: str, position: Position) -> None:
        """Remember that the group has handled everything before ``position``."""
        ...

    async def close(self) -> None: ...
