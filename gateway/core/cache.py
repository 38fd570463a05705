"""A map that never holds more than so many entries, at the price of a dictionary look-up."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Two generations of a dictionary: when the young one is full, the old one is forgotten.

    An entry in use is carried over from old to young, so that what is asked for again and again
    stays, as with LRU, without the bookkeeping of LRU on every hit.

    Args:
        most: entries held at most, over both generations.
    """

    __slots__ = ("_half", "_old", "young")

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self.young: dict[K, V] = {}
        """For the common path: ``recent.young.get(key) or recent.older(key)``."""
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        found = self.young.get(key)
        return self.older(key) if found is None else found

    def older(self, key: K) -> V | None:
        """The entry of the old generation, brought back into the young one."""
        found = self._old.get(key)
        if found is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        if len(self.young) >= self._half:
            self._old = self.young
            self.young = {}
        self.young[key] = value

    def drop(self, key: K) -> None:
        self.young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self.young = {}
        self._old = {}

    def __len__(self) -> int:
        return len(self.young.keys() | self._old.keys())
