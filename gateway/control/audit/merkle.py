"""The Merkle tree of RFC 6962 §2 (RFC 9162 §2.1), as pure functions over complete subtrees.

A *node* is ``(level, index)``: the complete subtree over the leaves from ``index * 2**level`` on,
``2**level`` of them. A node never changes once it is complete, so nodes can be stored, and a tree
of any size, or any part that a proof needs, is folded from a few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

Node = tuple[int, int]
Span = tuple[int, int]
"""Leaves ``[start, end)``, as RFC 6962 writes ``D[start:end]``."""

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def cover(span: Span) -> list[Node]:
    """The complete subtrees that make up a span, from left to right.

    Args:
        span: one that the tree is split into: its start is a multiple of the power of two that is
            not below its length.
    """
    at, end = span
    found = []
    while at < end:
        level = (end - at).bit_length() - 1
        found.append((level, at >> level))
        at += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of a span from those of its :func:`cover`."""
    if not hashes:
        return EMPTY
    found = hashes[-1]
    for one in reversed(hashes[:-1]):
        found = node_hash(one, found)
    return found


def inclusion_spans(leaf: int, size: int) -> list[Span]:
    """The spans whose hashes prove that a leaf is in the tree of ``size`` leaves (§2.1.1)."""
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if leaf < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """The spans whose hashes prove that a tree only grew from ``first`` leaves (§2.1.2)."""
    path = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:  # else the verifier has this hash already: it is the first root
        path.append((start, end))
    return path[::-1]


def _split(length: int) -> int:
    """The largest power of two below ``length``, which is at least 2."""
    return 1 << ((length - 1).bit_length() - 1)


@dataclass(slots=True)
class Tree:
    """A tree that grows at its right edge.

    Attributes:
        size: its leaves.
        edge: the hashes of ``cover((0, size))``.
    """

    size: int = 0
    edge: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> bytes:
        return fold(self.edge)

    def add(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Append a leaf's hash; the nodes that are complete with it, itself the first."""
        level, index = 0, self.size
        made = [((level, index), leaf)]
        while index & 1:
            leaf = node_hash(self.edge.pop(), leaf)
            level, index = level + 1, index >> 1
            made.append(((level, index), leaf))
        self.edge.append(leaf)
        self.size += 1
        return made
