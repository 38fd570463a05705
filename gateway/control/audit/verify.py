"""Verifying a whole log: nothing changed, nothing cut, nothing in another place.

Everything is computed anew from the entries alone; of what is stored beside them only signatures
are believed. Sealed parts must be the very ones that the entries have the hashes of, what cannot be
read must have been erased, and what is counted must be in the log. The log's own account of each
leaf serves for one thing: to name the first entry that differs from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.merkle import Tree, leaf_hash
from gateway.control.audit.recount import Recount
from gateway.control.audit.seals import Seals
from gateway.control.audit.tampered import Tampered


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored.

    Attributes:
        leaf: the hash that the log says it has.
        subject: whose trail it is filed in; empty if nobody's.
        opened: its sealed part, if it has one that can be read.
    """

    number: int
    text: str
    leaf: bytes
    subject: str = ""
    opened: str | None = None


@dataclass(frozen=True, slots=True)
class Good:
    """The log is whole.

    Attributes:
        erased: events that cannot be read any more, as those that they were about were erased.
    """

    size: int
    checkpoints: int
    root: bytes
    erased: int = 0


def verify(
    entries: Iterable[Entry],
    checkpoints: Iterable[str],
    verifier: Verifier,
    *,
    kept: Checkpoint | None = None,
    recount: Recount | None = None,
    progress: Callable[[int], None] = lambda more: None,
) -> Good:
    """Verify a log against its checkpoints.

    Args:
        entries, checkpoints: all there are, in their order.
        kept: a checkpoint that the caller has from another day or another place; it shows what
            the log alone cannot: that its end was cut off together with its checkpoints.
        recount: the counts that the log is to bear out.
        progress: told after each checkpoint how many more events are verified.

    Raises:
        Tampered: at the first event that is wrong.
    """
    tree, count, seals = Tree(), 0, Seals()
    recount = recount or Recount()
    source = _looked_at(iter(entries), seals, recount)
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
    recount.finish()
    return Good(tree.size, count, tree.root, seals.finish())


def _looked_at(source: Iterator[Entry], seals: Seals, recount: Recount) -> Iterator[Entry]:
    """The entries, each looked at once it is known to be the one that was recorded."""
    for entry in source:
        yield entry
        said = seals.look(entry.number, entry.text, entry.subject, entry.opened)
        recount.look(entry.number, said)


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
