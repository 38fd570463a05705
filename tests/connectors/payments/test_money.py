from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payments.currencies import EXPONENTS
from connectors.payments.money import MOST, Money, parse


@given(st.integers(0, MOST - 1), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse(str(money), currency) == money
    assert Decimal(str(money)).scaleb(EXPONENTS[currency]) == minor


@given(st.text(), st.sampled_from(["JPY", "EUR", "KWD", "XXX", ""]))
def test_any_text_is_an_amount_or_a_value_error(text: str, currency: str) -> None:
    try:
        money = parse(text, currency)
    except ValueError:
        return
    assert Decimal(str(money)) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("1.5", "JPY", "more decimals"),
        ("1.005", "EUR", "more decimals"),
        ("-1", "EUR", "not a decimal"),
        ("1e3", "EUR", "not a decimal"),
        ("１００", "JPY", "not a decimal"),
        ("1000000000000000", "JPY", "more than one payment"),
        ("1", "XXX", "not an active"),
    ],
)
def test_what_is_no_amount_is_refused_with_why(text: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text, currency)


def test_fewer_decimals_than_the_currency_has_are_filled_up() -> None:
    assert str(parse("10", "GBP")) == "10.00"
    assert str(Money(-5, "GBP")) == "-0.05"
