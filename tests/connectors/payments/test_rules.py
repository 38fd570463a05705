from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.payments.money import Money
from connectors.payments.orders import Order
from connectors.payments.reasons import Reason
from connectors.payments.rules import MOST_BALANCE, Account, refusal
from schemas.payments import Party

NOW = datetime(2026, 4, 1, 20, 0, tzinfo=UTC)  # 2 April, 05:00 in the city


def order(debtor: str = "a", creditor: str = "b", minor: int = 100, **more: Any) -> Order:
    money = Money(minor, more.pop("currency", "JPY"))
    parties = Party(account=debtor), Party(account=creditor)
    return Order(money, *parties, owner=more.pop("owner", "shop"), requested=NOW, **more)


def accounts(**balances: int) -> dict[str, Account]:
    return {
        "a": Account("a", "shop", "JPY", 0, balances.get("a", 100)),
        "b": Account("b", "", "JPY", 0, balances.get("b", 0)),
        "euro": Account("euro", "shop", "EUR", 0, 100),
        "limited": Account("limited", "shop", "JPY", 50, 50),
        "issuance-JPY": Account("issuance-JPY", "", "JPY", None, 0),
    }


def test_a_payment_of_the_whole_balance_is_allowed() -> None:
    assert refusal(order(), accounts(), NOW) is None


def test_an_overdraft_is_usable_to_its_limit_and_no_further() -> None:
    assert refusal(order("limited", minor=100), accounts(), NOW) is None
    assert refusal(order("limited", minor=101), accounts(), NOW) is Reason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (order("nowhere"), Reason.UNKNOWN_DEBTOR),
        (order(owner="other"), Reason.UNKNOWN_DEBTOR),
        (order("b", "a", owner=""), Reason.UNKNOWN_DEBTOR),
        (order("issuance-JPY", "a", owner=None), Reason.UNKNOWN_DEBTOR),
        (order(creditor="nowhere"), Reason.UNKNOWN_ACCOUNT),
        (order(creditor="a"), Reason.FORBIDDEN),
        (order(creditor="issuance-JPY"), Reason.FORBIDDEN),
        (order(minor=0), Reason.ZERO_AMOUNT),
        (order(minor=-1), Reason.ZERO_AMOUNT),
        (order(minor=101), Reason.INSUFFICIENT_FUNDS),
        (order("euro", currency="EUR"), Reason.CURRENCY_NOT_ALLOWED),
        (order(currency="EUR"), Reason.CURRENCY_NOT_ALLOWED),
        (order(execution_date=date(2026, 4, 3)), Reason.DATE_TOO_FAR),
    ],
)
def test_what_may_not_be_paid_is_refused_with_its_code(made: Order, reason: Reason) -> None:
    assert refusal(made, accounts(), NOW) is reason


def test_today_is_the_citys_day() -> None:
    assert refusal(order(execution_date=date(2026, 4, 2)), accounts(), NOW) is None


def test_no_balance_grows_beyond_what_can_be_kept() -> None:
    full = accounts(b=MOST_BALANCE - 99)
    assert refusal(order(), full, NOW) is Reason.AMOUNT_NOT_ALLOWED


def test_a_link_stands_for_ownership() -> None:
    assert refusal(order(owner=None), accounts(), NOW) is None
