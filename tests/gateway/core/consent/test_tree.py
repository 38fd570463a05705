"""What of an answer passes: no more than was there, and nothing that no path names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.consent.tree import limited, tree_of

NAMES = st.sampled_from(["a", "b", "c", "d"])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(".".join), max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)
DOCUMENTS = st.lists(JSON, max_size=3) | st.dictionaries(NAMES, JSON, max_size=4)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything that is no container, by its path; arrays are passed through."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


@given(DOCUMENTS, PATHS)
def test_exactly_what_a_path_names_passes(document: Any, paths: list[str]) -> None:
    granted = [tuple(path.split(".")) for path in paths]

    def named(path: tuple[str, ...]) -> bool:
        return any(path[: len(one)] == one for one in granted)

    there = [found for found in leaves(document) if named(found[0])]
    passed = list(leaves(limited(document, tree_of(paths))))
    assert sorted(map(repr, passed)) == sorted(map(repr, there))


@given(DOCUMENTS, PATHS)
def test_limiting_again_changes_nothing(document: Any, paths: list[str]) -> None:
    tree = tree_of(paths)
    once = limited(document, tree)
    assert limited(once, tree) == once


@given(DOCUMENTS, PATHS)
def test_what_passes_has_the_shape_that_it_had(document: Any, paths: list[str]) -> None:
    assert contains(document, limited(document, tree_of(paths)))


def contains(whole: Any, part: Any) -> bool:
    """Whether ``part`` is ``whole`` with members left out, and items that are no containers."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and contains(whole[name], inner) for name, inner in part.items()
        )
    if isinstance(part, list):
        rest = iter(whole)
        return all(any(contains(item, inner) for item in rest) for inner in part)
    return bool(whole == part)


def test_the_appointments_of_a_hospital() -> None:
    whole = {
        "resourceType": "Bundle", "total": 1, "link": [{"url": "?patient=7"}],
        "entry": [{"resource": {
            "id": "a1", "start": "2026-11-24T09:00:00+09:00", "reasonCode": [{"text": "dialysis"}],
            "participant": [
                {"actor": {"reference": "Location/3", "display": "Mirai Hospital"}},
                {"actor": {"display": "Dr Sato"}, "type": "doctor"},
            ],
        }}],
    }  # fmt: skip
    paths = ["resourceType", "total", "entry.resource.start", "entry.resource.participant.actor"]
    assert limited(whole, tree_of(paths)) == {
        "resourceType": "Bundle", "total": 1,
        "entry": [{"resource": {
            "start": "2026-11-24T09:00:00+09:00",
            "participant": [
                {"actor": {"reference": "Location/3", "display": "Mirai Hospital"}},
                {"actor": {"display": "Dr Sato"}},
            ],
        }}],
    }  # fmt: skip
