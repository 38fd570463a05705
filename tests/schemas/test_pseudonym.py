from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pseudonym import Pseudonyms

names = Pseudonyms(b"k" * 32)
residents = st.text(min_size=1, max_size=60)
sectors = st.sampled_from(["medical", "mobility", "client:app"])


@given(residents, sectors, sectors)
def test_a_sector_has_one_name_for_a_resident_and_shares_it_with_no_other(
    resident: str, one: str, other: str
) -> None:
    assert (names.of(resident, one) == names.of(resident, other)) == (one == other)


@given(residents)
def test_what_is_sealed_opens_for_the_same_client_only(resident: str) -> None:
    sealed = names.seal(resident, "app")
    assert names.open(sealed, "app") == resident
    with pytest.raises(ValueError, match="not sealed here"):
        names.open(sealed, "other")


def test_sealing_twice_leaves_nothing_to_compare() -> None:
    assert names.seal("hana", "app") != names.seal("hana", "app")


@given(st.text(max_size=80))
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(ValueError, match="not sealed here"):
        names.open(text, "app")


def test_another_master_key_makes_other_names() -> None:
    assert Pseudonyms(b"q" * 32).of("hana", "medical") != names.of("hana", "medical")


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(b"short")
