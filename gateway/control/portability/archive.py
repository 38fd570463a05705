"""The archive, sent while it is made: a ZIP of a JSON file for each part, and a manifest.

A ZIP and not one document, for what a holder sends is kept as it came (a FHIR Bundle stays one that
any reader of FHIR can open), and so that a person finds each by its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f<>:"/\\|?*.\s]+')


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive, as the manifest has it.

    Attributes:
        about: what is in it, in words.
        dataset: of a holder; empty for what the platform itself holds.
    """

    name: str
    about: str
    size: int
    sha256: str
    dataset: str = ""
    cut: bool = False


class _Sink:
    """What was written since it was taken last; a ZIP can be written to what cannot be rewound."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, piece: bytes) -> int:
        self._held += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


@dataclass(slots=True)
class Archive:
    """Args:
    made: when, local time: of every file in it.
    """

    made: datetime
    entries: list[Entry] = field(default_factory=list)
    _sink: _Sink = field(default_factory=_Sink)
    _zip: ZipFile | None = None
    _names: set[str] = field(default_factory=set)

    async def add(
        self,
        name: str,
        content: bytes,
        about: str = "",
        *,
        dataset: str = "",
        cut: bool = False,
    ) -> bytes:
        """Put a file in; the bytes of the archive that there are now.

        Args:
            name: with its ending; another with the same gets a number.
        """
        name = self._free(name)
        digest = hashlib.sha256(content).hexdigest()
        self.entries.append(Entry(name, about, len(content), digest, dataset, cut))
        # deflating megabytes would keep everybody else waiting
        await asyncio.to_thread(self._write, name, content)
        return self._sink.take()

    def _write(self, name: str, content: bytes) -> None:
        if self._zip is None:
            self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED)
        file = ZipInfo(name, self.made.timetuple()[:6])
        file.compress_type = ZIP_DEFLATED
        file.external_attr = 0o644 << 16
        self._zip.writestr(file, content)

    def _free(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        number, free = 1, name
        while free in self._names:
            number += 1
            free = f"{stem} {number}{dot}{ending}"
        self._names.add(free)
        return free

    def close(self) -> bytes:
        """The end of the archive."""
        if self._zip is not None:
            self._zip.close()
        return self._sink.take()


def plain(words: str) -> str:
    """Words as a file's name that every system takes."""
    return _NOT_IN_NAMES.sub(" ", words).strip()[:80] or "data"
