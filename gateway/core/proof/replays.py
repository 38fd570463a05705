"""Which proofs were used: a memory that all workers of a machine share (RFC 9449 §11.1).

A proof is good once. Whichever worker gets it first writes its digest into a file that is only in
memory, under a lock of the kernel's, with all those that came with it; a worker that dies gives its
lock back.

The memory is of a fixed size: buckets of :data:`SLOTS` digests, each a ring, so that one look is at
eight lines of the processor's cache. Digests are made with a secret of the memory's: nobody can
choose in which bucket theirs is, nor whose it equals. What is written has
the same life, so the oldest of a bucket is always the next to be overwritten; while it is not yet
past its time the bucket is full, and a proof that would go there is refused: better to refuse than
to forget.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from enum import Enum
from fcntl import LOCK_EX, LOCK_UN, lockf
from hashlib import blake2b
from math import ceil
from typing import Final

SLOTS: Final = 64
"""Digests of a bucket."""
DIGEST: Final = 8
"""Bytes of each."""
PER_WORKER: Final = 1 << 21
"""Digests that are remembered, for each worker: so many more than it can verify in their life that
hardly ever a bucket is full."""
_NUMBER: Final = 4
"""Bytes of a moment, in seconds, or of a slot's number."""
_KEY: Final = 64
"""Bytes at the beginning, before the first bucket."""
_DIGESTS: Final = SLOTS * DIGEST
_NEXT: Final = _DIGESTS + SLOTS * _NUMBER
_BUCKET: Final = _NEXT + 64
"""A bucket: digests, when each is past its time, and which is overwritten next."""


class Found(Enum):
    """What becomes of a digest."""

    NEW = "new"
    SEEN = "seen"
    FULL = "full"


NEW, SEEN, FULL = Found  # a member takes several look-ups where it is named in full


class Replays:
    """The memory, as one process sees it.

    Args:
        file: descriptor of the shared file; whoever inherits it shares it.

    Example:
        >>> Replays(Replays.file_for(1_000)).take("a proof's name", 0.0, 66)
        <Found.NEW: 'new'>
    """

    def __init__(self, file: int) -> None:
        self.file = file
        size = os.fstat(file).st_size
        self._buckets = (size - _KEY) // _BUCKET
        # with its pages at hand: to get one when it is first needed costs as much as all the rest
        flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
        self._memory = mmap.mmap(file, size, flags=flags)
        self._key = self._memory[:_KEY]
        self._numbers = memoryview(self._memory).cast("I")

    @staticmethod
    def file_for(digests: int) -> int:
        """A new shared file with room for so many."""
        if hasattr(os, "memfd_create"):
            file = os.memfd_create("proofs")
        else:
            with tempfile.TemporaryFile() as named:
                file = os.dup(named.fileno())
        os.ftruncate(file, _KEY + max(1, digests // SLOTS) * _BUCKET)
        os.pwrite(file, os.urandom(_KEY), 0)
        return file

    def take(self, name: str, now: float, life: int) -> Found:
        """Remember ``name`` for ``life`` seconds, unless it is.

        Args:
            now: a clock that never goes back, the same in all processes.
        """
        return self.take_all([name], now, life)[0]

    def take_all(self, names: list[str], now: float, life: int) -> list[Found]:
        """The same for each of ``names`` in turn, under one lock."""
        if not names:
            return []
        try:
            lockf(self.file, LOCK_EX)
        except OSError:  # no lock is to be had: as good as full
            return [FULL] * len(names)
        try:
            until = ceil(now) + life
            return [self._take(name, now, until) for name in names]
        finally:
            lockf(self.file, LOCK_UN)

    def _take(self, name: str, now: float, until: int) -> Found:
        digest = blake2b(name.encode(), digest_size=DIGEST, key=self._key).digest()
        at = _KEY + int.from_bytes(digest[:4]) % self._buckets * _BUCKET
        memory = self._memory
        if digest in memory[at : at + _DIGESTS]:  # a copy is searched faster
            return SEEN
        numbers, following = self._numbers, (at + _NEXT) // _NUMBER
        slot = numbers[following] % SLOTS
        expiry = (at + _DIGESTS) // _NUMBER + slot
        if numbers[expiry] > now:
            return FULL
        numbers[expiry] = until
        place = at + slot * DIGEST
        memory[place : place + DIGEST] = digest
        numbers[following] = slot + 1
        return NEW

    def close(self) -> None:
        """Let go of it; again does nothing."""
        if not self._memory.closed:
            self._numbers.release()
            self._memory.close()
            os.close(self.file)
