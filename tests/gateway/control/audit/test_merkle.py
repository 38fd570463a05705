"""The tree and its proofs, held against RFC 6962 §2.1 as it is written: by recursion."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gateway.control.audit.merkle import (
    EMPTY,
    Span,
    Tree,
    consistency_spans,
    cover,
    fold,
    inclusion_spans,
    leaf_hash,
)
from gateway.control.audit.proofs import is_consistent, is_included

LEAVES = [leaf_hash(str(number).encode()) for number in range(70)]
sizes = st.integers(1, len(LEAVES))


def root_of(leaves: list[bytes]) -> bytes:
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 6962 §2.1."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def proof(spans: list[Span]) -> list[bytes]:
    return [mth(LEAVES[start:end]) for start, end in spans]


@given(st.integers(0, len(LEAVES)))
def test_the_root_is_that_of_the_rfc(size: int) -> None:
    assert root_of(LEAVES[:size]) == mth(LEAVES[:size])


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert Tree().root == EMPTY == mth([])


@given(sizes)
def test_every_node_is_made_once_and_covers_what_it_says(size: int) -> None:
    tree, made = Tree(), {}
    for leaf in LEAVES[:size]:
        for node, digest in tree.add(leaf):
            assert node not in made
            made[node] = digest
    for (level, index), digest in made.items():
        assert digest == mth(LEAVES[index << level : (index + 1) << level])
    assert fold([made[node] for node in cover((0, size))]) == tree.root


@given(sizes.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_a_leaf_is_proved_where_it_is_and_nowhere_else(case: tuple[int, int]) -> None:
    size, index = case
    root, path = mth(LEAVES[:size]), proof(inclusion_spans(index, size))
    assert is_included(LEAVES[index], index, size, path, root)
    assert not is_included(LEAVES[index], (index + 1) % (size + 1), size, path, root)
    assert not is_included(leaf_hash(b"another"), index, size, path, root)
    assert not is_included(LEAVES[index], index, size, [*path, EMPTY], root)
    assert not path or not is_included(LEAVES[index], index, size, path[:-1], root)


@given(sizes.flatmap(lambda second: st.tuples(st.integers(1, second), st.just(second))))
def test_a_tree_that_only_grew_is_proved_so(case: tuple[int, int]) -> None:
    first, second = case
    old, new = mth(LEAVES[:first]), mth(LEAVES[:second])
    path = proof(consistency_spans(first, second))
    assert is_consistent(first, old, second, new, path)
    other = mth([*LEAVES[: first - 1], leaf_hash(b"another")])
    assert not is_consistent(first, other, second, new, path)
    assert not is_consistent(first, old, second, new, [*path, EMPTY])
    assert first == second or not is_consistent(second, new, first, old, path)


@given(sizes, sizes)
def test_proofs_need_no_more_hashes_than_the_tree_is_high(one: int, other: int) -> None:
    first, second = sorted((one, other))
    high = (second - 1).bit_length()
    assert len(consistency_spans(first, second)) <= high + 1
    assert len(inclusion_spans(first - 1, second)) <= high
