"""Where journals lie: a folder each, with segments that are deleted once they are shipped.

``<trail>/<journal>/lock`` is locked by the process that the journal belongs to, for as long as it
lives: the kernel lets go of it however a process ends. A journal whose lock can be had is nobody's,
and whoever takes it ships what is left (:mod:`gateway.journal`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

_LOCK: Final = "lock"
_SUFFIX: Final = ".journal"


class File(Protocol):
    """What is appended to. All methods raise ``OSError``."""

    def write(self, data: bytes) -> None:
        """Write all of ``data``."""

    def sync(self) -> None:
        """Return when what was written would survive a power cut."""

    def close(self) -> None:
        """Let go of it."""


class DiskFile:
    """A new file on disk, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._descriptor = os.open(path, flags, 0o600)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or the file itself may be gone after a power cut
        finally:
            os.close(folder)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class Folder:
    """One journal's folder, locked by this process.

    Attributes:
        name: the journal's, in the control plane's books.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.name = path.name
        self._descriptor = descriptor

    @classmethod
    def create(cls, trail: Path, name: str) -> Folder:
        """Raises:
        OSError: it cannot be made.
        """
        path = trail / f".{name}"  # nobody looks at it before it is locked
        path.mkdir(mode=0o700, parents=True)
        found = cls._locked(path)
        if found is None:
            raise OSError(f"{path} is in use")
        found.path = path.rename(trail / name)
        found.name = name
        return found

    @classmethod
    def adopt(cls, path: Path) -> Folder | None:
        """The journal in ``path`` if it is nobody's any more."""
        with suppress(OSError):
            return cls._locked(path)
        return None

    @classmethod
    def _locked(cls, path: Path) -> Folder | None:
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def segment(self, number: int) -> Path:
        return self.path / f"{number:08d}{_SUFFIX}"

    def segments(self) -> list[int]:
        """Numbers of the segments that are there, the oldest first."""
        return sorted(int(path.stem) for path in self.path.glob(f"*{_SUFFIX}"))

    def keep_aside(self, number: int) -> None:
        """Keep a segment in which something is damaged, for whoever looks into it."""
        aside = self.path.parent / ".damaged"
        aside.mkdir(mode=0o700, exist_ok=True)
        path = self.segment(number)
        path.replace(aside / f"{self.name}-{path.name}")

    def discard(self) -> None:
        """Forget it: none of what may be in it has led to an answer."""
        with suppress(OSError):
            for number in self.segments():
                self.segment(number).unlink()
        self.remove()

    def release(self) -> None:
        """Let another process have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """There is nothing left in it."""
        with suppress(OSError):
            (self.path / _LOCK).unlink()
            self.path.rmdir()
        self.release()


def journals(trail: Path) -> Iterator[Path]:
    """The folders of all journals that there are, whoever they belong to."""
    if trail.is_dir():
        found = (path for path in trail.iterdir() if not path.name.startswith("."))
        yield from sorted(path for path in found if path.is_dir())
