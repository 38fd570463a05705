"""Which proofs were used: a memory that all workers of a machine share (RFC 9449 §11.1).

A proof is good once. Whichever worker gets it first writes its digest into a file that is only in
memory, under a lock of the kernel's for that place alone; a worker that dies gives its locks back.

The memory is of a fixed size: buckets of :data:`SLOTS` digests, each a ring. What is written has
the same life, so the oldest of a bucket is always the next to be overwritten; while it is not yet
past its time the bucket is full, and a proof that would go there is refused: better to refuse than
to forget.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
from enum import Enum
from math import ceil
from struct import Struct
from typing import Final

SLOTS: Final = 128
"""Digests of a bucket."""
DIGEST: Final = 16
"""Bytes of each."""
PER_WORKER: Final = 1 << 20
"""Digests that are remembered, for each worker: more than it can verify in their life."""
_COUNT: Final = Struct("=I")
_EXPIRIES: Final = 8
_DIGESTS: Final = _EXPIRIES + SLOTS * _COUNT.size
_BUCKET: Final = _DIGESTS + SLOTS * DIGEST


class Found(Enum):
    """What becomes of a digest."""

    NEW = "new"
    SEEN = "seen"
    FULL = "full"


class Replays:
    """The memory, as one process sees it.

    Args:
        file: descriptor of the shared file; whoever inherits it shares it.

    Example:
        >>> Replays(Replays.file_for(1_000)).take(b"0123456789abcdef", 0.0, 66)
        <Found.NEW: 'new'>
    """

    def __init__(self, file: int) -> None:
        self.file = file
        size = os.fstat(file).st_size
        self._buckets = size // _BUCKET
        self._memory = mmap.mmap(file, size)

    @staticmethod
    def file_for(digests: int) -> int:
        """A new shared file with room for so many."""
        if hasattr(os, "memfd_create"):
            file = os.memfd_create("proofs")
        else:
            with tempfile.TemporaryFile() as named:
                file = os.dup(named.fileno())
        os.ftruncate(file, max(1, digests // SLOTS) * _BUCKET)
        return file

    def take(self, digest: bytes, now: float, life: int) -> Found:
        """Remember ``digest`` for ``life`` seconds, unless it is.

        Args:
            digest: :data:`DIGEST` bytes that nobody can choose.
            now: a clock that never goes back, the same in all processes.
        """
        bucket = int.from_bytes(digest[:4]) % self._buckets
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX, 1, bucket)
        except OSError:  # no lock is to be had: as good as full
            return Found.FULL
        try:
            return self._put(digest, bucket * _BUCKET, now, life)
        finally:
            fcntl.lockf(self.file, fcntl.LOCK_UN, 1, bucket)

    def _put(self, digest: bytes, at: int, now: float, life: int) -> Found:
        memory = self._memory
        if memory.find(digest, at + _DIGESTS, at + _BUCKET) >= 0:
            return Found.SEEN
        (slot,) = _COUNT.unpack_from(memory, at)
        slot %= SLOTS
        expiry = at + _EXPIRIES + slot * _COUNT.size
        if _COUNT.unpack_from(memory, expiry)[0] > now:
            return Found.FULL
        _COUNT.pack_into(memory, expiry, ceil(now) + life)
        place = at + _DIGESTS + slot * DIGEST
        memory[place : place + DIGEST] = digest
        _COUNT.pack_into(memory, at, slot + 1)
        return Found.NEW

    def close(self) -> None:
        """Let go of it; again does nothing."""
        if not self._memory.closed:
            self._memory.close()
            os.close(self.file)
