from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.log import Position

slots = st.from_regex(r"[a-z][a-z0-9.-]{0,20}/[0-9]{1,2}", fullmatch=True)
positions = st.dictionaries(slots, st.integers(0, 2**63 - 1), max_size=8).map(Position)


@given(positions)
def test_a_position_survives_being_written(position: Position) -> None:
    assert Position.parse(str(position)) == position


@given(positions, positions)
def test_merged_reaches_both_and_nothing_beyond(one: Position, two: Position) -> None:
    both = one.merged(two)
    assert both.reaches(one)
    assert both.reaches(two)
    assert all(at in (one.at(slot), two.at(slot)) for slot, at in both.offsets.items())


@given(positions, slots, st.integers(0, 1000))
def test_advancing_never_goes_back(position: Position, slot: str, offset: int) -> None:
    after = position.advanced(slot, offset)
    assert after.reaches(position)
    assert after.at(slot) == max(position.at(slot), offset)


@given(st.text(max_size=60))
def test_foreign_text_is_refused_or_a_position(text: str) -> None:
    try:
        position = Position.parse(text)
    except ValueError:
        return
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", ["x", "a=-1", "a=1;b", "a=٣", "=3", "a=99999999999999999999"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"position|stands"):
        Position.parse(text)
