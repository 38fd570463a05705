"""One journal: lines in, and a word back when they are on disk.

A thread writes: whatever has come in while it wrote goes out together next time, under one
``fdatasync`` (group commit). The loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final

from gateway.core.trail.files import DiskFile, File, Folder

SEGMENT: Final = 1_048_576
"""Bytes after which a new file is begun, so that what is shipped can be deleted."""

Settled = Callable[[bool], None]
"""Called on the loop, with whether the line is on disk."""


class Journal:
    """Appends to a folder of its own until it is closed, or a write fails: then it is broken for
    good, since nobody knows what of it is on disk, and another must be begun.

    Args:
        folder: locked, and empty.
        create: makes each segment's file.

    Attributes:
        bytes: in its segments on disk.
        segment: the one that is appended to.
        written: bytes of it that are on disk for good.
        broken: why it is; None while it is not.
        since: when the write under way began, on the loop's clock; 0.0 if none is.
        commits: writes done.
    """

    def __init__(
        self, folder: Folder, *, create: Callable[[Path], File] = DiskFile, segment: int = SEGMENT
    ) -> None:
        self.folder = folder
        self._create = create
        self._most = segment
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        self._settled: list[Settled] = []
        self._writing: list[Settled] = []
        self._scheduled = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.bytes = self.written = self.segment = self.commits = 0
        self.broken: OSError | None = None
        self.since = 0.0
        self._file: File | None = None
        self._work: SimpleQueue[bytes] = SimpleQueue()
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # On the loop

    def append(self, line: bytes, settled: Settled) -> None:
        """Have ``line`` on disk soon; ``settled`` is told."""
        self._lines.append(line)
        self._settled.append(settled)
        if not (self.since or self._scheduled):
            self._scheduled = True  # once this turn of the loop is over, and with what it brings
            self._loop.call_soon(self.flush)

    def mention(self, line: bytes) -> None:
        """Have ``line`` on disk with the next one that is waited for, or at the next flush."""
        self._lines.append(line)

    def flush(self) -> None:
        """Hand what waits to the thread, unless it still writes."""
        self._scheduled = False
        if not self._lines or self.since:
            return
        lines, self._lines = self._lines, []
        self._writing, self._settled = self._settled, []
        if self.broken is not None:
            self._tell(done=False)
            return
        self.since = monotonic()
        self._idle.clear()
        self._work.put(b"".join(lines))

    def _committed(self, size: int, segment: int, error: OSError | None) -> None:
        self.since = 0.0
        self.broken = self.broken or error
        if error is None:
            self.commits += 1
            self.bytes += size
            self.written = size + (self.written if segment == self.segment else 0)
            self.segment = segment
        self._tell(done=error is None)
        self._idle.set()
        if self._settled:  # what nobody waits for goes with them, or in a while
            self.flush()

    def _tell(self, *, done: bool) -> None:
        told, self._writing = self._writing, []
        for settled in told:
            settled(done)

    def give_up(self) -> None:
        """The disk does not answer: nobody waits for it any longer."""
        self.broken = self.broken or OSError("the disk does not answer")
        self._tell(done=False)
        told, self._settled = self._settled, []
        self._lines.clear()
        for settled in told:
            settled(False)

    async def close(self, most: float) -> None:
        """Write what is left, for ``most`` seconds, and end the thread."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                while (self._lines and self.broken is None) or self.since:
                    self.flush()
                    await self._idle.wait()
        self.end()

    def end(self) -> None:
        """The thread ends once it has nothing in hand."""
        self._work.put(b"")

    # In the thread

    def _run(self) -> None:
        number = size = 0
        while batch := self._work.get():
            error = None
            try:
                if self._file is None or size >= self._most:
                    self._let_go()
                    number, size = number + 1, 0
                    self._file = self._create(self.folder.segment(number))
                self._file.write(batch)
                self._file.sync()
                size += len(batch)
            except OSError as failed:
                error = failed
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._committed, len(batch), number, error)
        self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
