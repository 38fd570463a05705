"""Checking what the audit log's API proves, in a way that a page can tell in words.

The pages believe the log's key alone. That is what somebody could do at home with the same files;
who does not believe this city does it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.merkle import leaf_hash
from gateway.control.audit.proofs import is_consistent, is_included
from gateway.control.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of it.

    Attributes:
        good: it is proved.
        first, second: the checkpoints; of the proof of one event the second alone.
        hashes: how many others lead to the root.
    """

    good: bool
    second: Checkpoint
    hashes: int
    first: Checkpoint | None = None

    def signed(self, checkpoint: Checkpoint) -> str:
        """When a checkpoint was signed, for ``<time>``."""
        at = datetime.fromtimestamp(checkpoint.at / 1000, UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def prove_event(told: dict[str, Any], verifier: Verifier) -> Proved:
    """Whether an event's proof holds.

    Args:
        told: as ``GET /audit/v1/events/{number}/proof`` says it.

    Raises:
        BadCheckpoint: it is not signed by this log.
    """
    checkpoint = verifier.read(told["checkpoint"])
    path = [bytes.fromhex(one) for one in told["hashes"]]
    leaf = leaf_hash(told["entry"].encode())
    good = is_included(leaf, told["number"], checkpoint.size, path, checkpoint.root)
    return Proved(good, checkpoint, len(path))


async def prove_growth(visit: Visit, first: Checkpoint, second: Checkpoint) -> Proved | None:
    """Whether the log of the second begins with that of the first; None if there is no answer."""
    sizes = {"first": first.size, "second": second.size}
    told = await visit.read("/audit/v1/proofs/consistency", sizes, empty=None)
    if told is None:
        return None
    path = [bytes.fromhex(one) for one in told["hashes"]]
    good = is_consistent(first.size, first.root, second.size, second.root, path)
    return Proved(good, second, len(path), first)


async def checkpoint_of(visit: Visit, verifier: Verifier, size: int) -> Checkpoint | None:
    """The log's checkpoint over exactly so many events."""
    params = {"after": max(0, size - 1), "limit": 1}
    found = await visit.read("/audit/v1/checkpoints", params, empty=[])
    if found and found[0]["size"] == size:
        return read(visit, verifier, found[0]["note"])
    visit.refuse_because("no_such_checkpoint")
    return None


def read(visit: Visit, verifier: Verifier, note: str) -> Checkpoint | None:
    """What a checkpoint says, wherever it is from; else the page says that it is none of ours."""
    try:
        # what was pasted has the line ends of a browser's form
        return verifier.read(note.replace("\r\n", "\n").strip("\n") + "\n")
    except BadCheckpoint:
        visit.refuse_because("not_our_checkpoint")
        return None
