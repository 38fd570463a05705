"""Verifying a whole log: nothing changed, nothing cut, nothing in another place.

Everything is computed anew from the entries alone; of what is stored beside them only signatures
are believed. The log's own account of each leaf serves for one thing: to name the first entry that
differs from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.merkle import Tree, leaf_hash


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored, with the hash that the log says it has."""

    number: int
    text: str
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Good:
    """The log is whole."""

    size: int
    checkpoints: int
    root: bytes


class Tampered(Exception):
    """The log is not what was signed.

    Args:
        number: the first event that is wrong, or the first that may be.
        what: what is wrong with it.
    """

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"event {number}: {what}")
        self.number, self.what = number, what


def verify(
    entries: Iterable[Entry],
    checkpoints: Iterable[str],
    verifier: Verifier,
    *,
    kept: Checkpoint | None = None,
    progress: Callable[[int], None] = lambda more: None,
) -> Good:
    """Verify a log against its checkpoints.

    Args:
        entries, checkpoints: all there are, in their order.
        kept: a checkpoint that the caller has from another day or another place; it shows what
            the log alone cannot: that its end was cut off together with its checkpoints.
        progress: told after each checkpoint how many more events are verified.

    Raises:
        Tampered: at the first event that is wrong.
    """
    tree, count = Tree(), 0
    source = iter(entries)
    for note in checkpoints:
        since = tree.size
        found = _read(note, verifier, since)
        if found.size <= since:
            raise Tampered(since, f"a checkpoint over {found.size} events stands in another place")
        _grow(tree, source, found.size, kept)
        if tree.root != found.root:
            raise Tampered(since, f"events {since} to {found.size - 1} are not those signed")
        count += 1
        progress(tree.size - since)
    extra = next(source, None)
    if extra is not None:
        raise Tampered(extra.number, "no checkpoint was ever signed over it")
    if kept and kept.size > tree.size:
        raise Tampered(tree.size, f"it and all up to event {kept.size - 1} are missing")
    return Good(tree.size, count, tree.root)


def _read(note: str, verifier: Verifier, since: int) -> Checkpoint:
    try:
        return verifier.read(note)
    except BadCheckpoint as error:
        raise Tampered(since, f"{error} (the one over the events from {since} on)") from error


def _grow(tree: Tree, source: Iterator[Entry], size: int, kept: Checkpoint | None) -> None:
    while tree.size < size:
        entry = next(source, None)
        if entry is None or entry.number != tree.size:
            raise Tampered(tree.size, "it is missing")
        leaf = leaf_hash(entry.text.encode())
        if leaf != entry.leaf:
            raise Tampered(entry.number, "its text is not what was recorded")
        tree.add(leaf)
        if kept and tree.size == kept.size and tree.root != kept.root:
            raise Tampered(0, f"the first {kept.size} events are not those of the checkpoint kept")
