"""Where a reader stands in the log: for each slot, the offset of the next record.

A slot is one ordered sequence of records: a topic's partition on Kafka, the whole log where it is
embedded. Slots missing from a position stand at their beginning, so a position stays good when
topics are added. Written as ``topic/partition=offset;…``: it fits a header, a URL, a log line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_SLOT: Final = re.compile(r"[A-Za-z0-9._/-]{1,260}")
_MOST_SLOTS: Final = 10_000
_MOST_TEXT: Final = 200_000
_MOST_OFFSET: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Position:
    """An immutable point in the log.

    Attributes:
        offsets: slot → offset of the next record to read there.
    """

    offsets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position written as ``text``.

        Raises:
            ValueError: nothing that :meth:`__str__` wrote.
        """
        if len(text) > _MOST_TEXT:
            raise ValueError("a position is not this long")
        parts = [part.partition("=") for part in text.split(";")] if text else []
        if len(parts) > _MOST_SLOTS:
            raise ValueError("a position has not this many slots")
        return cls({slot: _offset(slot, number) for slot, _, number in parts})

    def __str__(self) -> str:
        return ";".join(f"{slot}={offset}" for slot, offset in sorted(self.offsets.items()))

    def at(self, slot: str) -> int:
        return self.offsets.get(slot, 0)

    def advanced(self, slot: str, offset: int) -> Position:
        """This position with ``slot`` at ``offset``, if that is further on."""
        if offset <= self.at(slot):
            return self
        return Position({**self.offsets, slot: offset})

    def merged(self, other: Position) -> Position:
        """The further of both, slot by slot."""
        slots: Iterable[str] = {**self.offsets, **other.offsets}
        return Position({slot: max(self.at(slot), other.at(slot)) for slot in slots})

    def reaches(self, other: Position) -> bool:
        """Whether everything before ``other`` is before this too."""
        return all(self.at(slot) >= offset for slot, offset in other.offsets.items())


def _offset(slot: str, number: str) -> int:
    if not _SLOT.fullmatch(slot):
        raise ValueError("a position names its slots as topic/partition")
    if not (number.isascii() and number.isdigit()) or int(number[:20]) > _MOST_OFFSET:
        raise ValueError(f"{slot} stands at no offset")
    return int(number)
