"""Reading a journal back, to ship it: accesses in their order, each with what it came to."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Final

from gateway.core.trail import lines
from gateway.core.trail.files import Folder
from gateway.core.trail.lines import Line

_log = logging.getLogger(__name__)
PIECE: Final = 131_072
"""Bytes read at a time: some hundred accesses."""
BATCH: Final = 400
PATIENCE: Final = 30.0
"""Seconds after which an access is shipped although it is not answered: with status 0."""


@dataclass(slots=True)
class _Segment:
    number: int
    last: int = -1
    """Number of the last access in it."""
    damaged: bool = False


class Reader:
    """Goes through a journal's segments once, from the oldest on.

    Attributes:
        torn: bytes of a line that was not written to its end.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._segments: list[_Segment] = []
        self._at = 0
        self._waiting: deque[Line] = deque()
        self._statuses: dict[int, int] = {}
        self._upto = 0
        self.torn = 0

    def __len__(self) -> int:
        """Accesses that were read and not taken yet."""
        return len(self._waiting)

    @property
    def oldest(self) -> int:
        """When the first of them was, in milliseconds since the epoch; 0 if there is none."""
        return _at(self._waiting[0]) if self._waiting else 0

    def read(self, written: tuple[int, int] | None) -> bool:
        """Read on, if there is something to read.

        Args:
            written: of a journal in use, the newest segment and how much of it is on disk for
                good; None for one that nobody writes any more.

        Returns:
            Whether there may be more.

        Raises:
            OSError: it cannot be read.
        """
        known = self._segments[-1].number if self._segments else 0
        newer = [each for each in self.folder.segments() if each > known]
        newest = written[0] if written else max([known, *newer])
        if not self._segments:
            return self._next(newer, newest)
        segment = self._segments[-1]
        most = written[1] - self._at if written and segment.number == newest else PIECE
        with self.folder.segment(segment.number).open("rb") as file:
            file.seek(self._at)
            data = file.read(min(most, PIECE)) if most > 0 else b""
        return self._take(segment, data) > 0 or self._next(newer, newest)

    def _next(self, newer: list[int], newest: int) -> bool:
        if not newer or newer[0] > newest:
            return False
        if self.torn:
            self._segments[-1].damaged = True
        self._segments.append(_Segment(newer[0]))
        self._at = self.torn = 0
        return True

    def _take(self, segment: _Segment, data: bytes) -> int:
        found, size = lines.read(data)
        self._at += size
        self.torn = len(data) - size
        for line in found:
            if line is None:
                _log.error("a line of journal %s is damaged", self.folder.name)
                segment.damaged = True
            elif line.status is None:
                segment.last = line.number
                self._waiting.append(line)
            elif line.number >= self._upto:
                self._statuses[line.number] = line.status
        return size

    def batch(self, now: float, *, final: bool) -> tuple[int, list[bytes]]:
        """What can be shipped next: the first one's number, and each as JSON.

        Args:
            now: seconds since the epoch.
            final: nothing more comes, so what has no outcome has none.
        """
        ready: list[bytes] = []
        first = self._waiting[0].number if self._waiting else 0
        before = (now - PATIENCE) * 1000
        for line in self._waiting:
            status = self._statuses.get(line.number, 0 if final or _at(line) < before else None)
            if status is None or line.number != first + len(ready) or len(ready) == BATCH:
                break
            ready.append(b'%b,"status":%d}' % (line.said[:-1], status))
        return first, ready

    def taken(self, upto: int) -> int:
        """Accesses below this number are in the log: forget them, and segments of nothing else.

        Returns:
            Bytes that were freed.
        """
        self._upto = max(upto, self._upto)
        while self._waiting and self._waiting[0].number < upto:
            self._statuses.pop(self._waiting.popleft().number, None)
        freed = 0
        while len(self._segments) > 1 and self._segments[0].last < upto:
            freed += self._drop(self._segments.pop(0))
        return freed

    def _drop(self, segment: _Segment) -> int:
        path = self.folder.segment(segment.number)
        size = path.stat().st_size
        if segment.damaged:
            self.folder.keep_aside(segment.number)
        else:
            path.unlink()
        return size

    def finish(self) -> None:
        """All of it was taken, and nobody writes it any more."""
        if self.torn:
            _log.warning(
                "journal %s ended within a line, whose access was not answered", self.folder.name
            )
        for segment in self._segments:
            self._drop(segment)
        self._segments.clear()
        self.folder.remove()


def _at(line: Line) -> int:
    return int(line.said[6 : line.said.index(b",")])
