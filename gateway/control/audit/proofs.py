"""Checking proofs of a Merkle tree: what somebody does who keeps none of its leaves.

And one event's proof as a file: C2SP *tlog-proof*, an index, hashes, and the checkpoint that they
lead to, which today's tools for transparency logs read.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from gateway.control.audit.merkle import node_hash

_HEAD: Final = "c2sp.org/tlog-proof@v1"


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves a leaf's hash to be number ``index`` (RFC 9162 §2.1.3.2).

    Args:
        size, root: of the tree, as a checkpoint says them.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, root)


def is_consistent(
    first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether ``path`` proves that the second tree begins with the first (RFC 9162 §2.1.4.2)."""
    if first == second:
        return not path and hmac.compare_digest(first_root, second_root)
    if not 0 < first < second:
        return False
    whole = first & (first - 1) == 0  # the first tree is itself a node of the second
    hashes = [first_root, *path] if whole else list(path)
    if not hashes:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, one)
        at, last = at >> 1, last >> 1
    good = hmac.compare_digest(old, first_root) and hmac.compare_digest(new, second_root)
    return last == 0 and good


def tlog_proof(index: int, path: Sequence[bytes], note: str) -> str:
    """A proof of inclusion as a file (https://c2sp.org/tlog-proof).

    Args:
        note: the signed checkpoint.
    """
    lines = [_HEAD, f"index {index}", *(b64encode(one).decode() for one in path)]
    return "\n".join(lines) + f"\n\n{note}"
