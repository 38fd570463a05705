"""Where a feed's bytes come from: the sample city, a file or folder, or a data holder's URL.

``sample:`` is the bundled Mirai City; ``https://…`` or ``http://…`` a data holder; anything else a
path. A folder holds one file per feed, named after it: ``<folder>/<feed>.<any ending>``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connectors.upstream import DataHolder
from schemas.problem import Problem, TooLarge, Unavailable

Sample = Callable[[datetime], bytes]
"""The sample city's feed at a moment, in the domain's own format."""


class Source(Protocol):
    """Somewhere bytes come from.

    Attributes:
        rests: whether it failed so often that it is not asked for a while.
    """

    @property
    def rests(self) -> bool: ...

    async def fetch(self) -> bytes | None:
        """The bytes now; None when they are the same as last time.

        Raises:
            Problem: they cannot be had; the message says why and what to do.
        """

    async def close(self) -> None: ...


class SampleSource:
    """The sample city, living: another moment, other bytes."""

    rests = False

    def __init__(self, sample: Sample, clock: Callable[[], datetime]) -> None:
        self._sample, self._clock = sample, clock
        self._last: bytes | None = None

    async def fetch(self) -> bytes | None:
        # in a thread: a city takes longer to make than the others should have to wait
        raw = await asyncio.to_thread(self._sample, self._clock())
        if raw == self._last:
            return None
        self._last = raw
        return raw

    async def close(self) -> None:
        """Nothing is open."""


class FileSource:
    """A file, or the one named after the feed in a folder; read again when it has changed."""

    rests = False

    def __init__(self, path: Path, feed: str, limit: int) -> None:
        self._path, self._feed, self._limit = path, feed, limit
        self._seen: tuple[Path, int, int] | None = None

    async def fetch(self) -> bytes | None:
        path = self._file()
        state = path.stat()
        if state.st_size > self._limit:
            raise TooLarge(f"{path} has {state.st_size} bytes; at most {self._limit} are read.")
        seen = (path, state.st_mtime_ns, state.st_size)
        if seen == self._seen:
            return None
        raw = path.read_bytes()
        self._seen = seen
        return raw

    def _file(self) -> Path:
        if self._path.is_file():
            return self._path
        found = sorted(self._path.glob(f"{self._feed}.*")) if self._path.is_dir() else []
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "nothing"
            raise Unavailable(
                f"Expected one file {self._feed}.* in {self._path}, found {names}: "
                "put the feed's file there, or name the file itself."
            )
        return found[0]

    async def close(self) -> None:
        """Nothing is open."""


class HttpSource:
    """A data holder's URL."""

    def __init__(self, url: str, limit: int) -> None:
        self._holder = DataHolder(limit=limit)
        self._url = url

    @property
    def rests(self) -> bool:
        return self._holder.rests

    async def fetch(self) -> bytes | None:
        return await self._holder.get(self._url)

    async def close(self) -> None:
        await self._holder.close()


def open_source(
    where: str, feed: str, *, sample: Sample | None, limit: int, clock: Callable[[], datetime]
) -> Source:
    """The source that ``where`` names; see the module."""
    if where == "sample:":
        if sample is None:
            raise Problem(f"The sample city has no feed {feed!r}.")
        return SampleSource(sample, clock)
    if where.startswith(("http://", "https://")):
        return HttpSource(where, limit)
    return FileSource(Path(where), feed, limit)
