"""Every case of the corpus comes out as it says, however it is cut into packets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.core.corpus import CASES
from tests.gateway.core.corpus.bench import Rig, bench
from tests.gateway.core.corpus.case import Case

MANY = 300


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with bench() as (loop, recorder):
        yield Rig(loop, recorder, recorder.port)


def outcome(case: Case) -> tuple[tuple[int, ...], bool, tuple[object, ...]]:
    return case.answers, case.kept, case.seen


def test_there_are_many_and_each_is_another() -> None:
    assert len(CASES) >= MANY
    assert len({case.sent for case in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_comes_out_as_it_says(rig: Rig, name: str) -> None:
    assert rig.play([CASES[name].sent]) == outcome(CASES[name])


@pytest.mark.parametrize("name", CASES)
@settings(
    max_examples=5, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(cuts=st.lists(st.integers(0, 100_000), min_size=1, max_size=8))
def test_how_it_is_cut_into_packets_changes_nothing(rig: Rig, name: str, cuts: list[int]) -> None:
    sent = CASES[name].sent
    edges = sorted({0, len(sent), *(cut % len(sent) for cut in cuts)})
    pieces = [sent[begin:end] for begin, end in itertools.pairwise(edges)]
    assert rig.play(pieces) == outcome(CASES[name])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.sent) < 120])
def test_it_comes_out_the_same_byte_by_byte(rig: Rig, name: str) -> None:
    assert rig.play([bytes([byte]) for byte in CASES[name].sent]) == outcome(CASES[name])
