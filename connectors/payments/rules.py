"""When a payment may be made. Pure: accounts in, a reason or nothing out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connectors.payments.orders import Order
from connectors.payments.reasons import Reason

ISSUANCE: Final = "issuance-"
"""Accounts of this name, one a currency, are where opening balances come from."""

MOST_BALANCE: Final = 10**18
"""No balance passes this many minor units, so that none can overflow 64 bits."""

CITY: Final = ZoneInfo("Asia/Tokyo")
"""Whose calendar an execution date is read in."""


@dataclass(slots=True)
class Account:
    """A locked account; ``balance`` follows the payments made on it.

    Attributes:
        owner: the client it belongs to; empty for accounts that no client may debit by itself.
        overdraft: how far below zero it may go, in minor units; None without limit.
    """

    id: str
    owner: str
    currency: str
    overdraft: int | None
    balance: int


def refusal(order: Order, accounts: Mapping[str, Account], now: datetime) -> Reason | None:
    """Why ``order`` cannot be settled; None when it can."""
    debtor = accounts.get(order.debtor.account)
    creditor = accounts.get(order.creditor.account)
    if debtor is None or not _may_debit(order, debtor):
        return Reason.UNKNOWN_DEBTOR
    if creditor is None:
        return Reason.UNKNOWN_ACCOUNT
    if debtor is creditor or creditor.id.startswith(ISSUANCE):
        return Reason.FORBIDDEN
    if order.execution_date and order.execution_date > now.astimezone(CITY).date():
        return Reason.DATE_TOO_FAR
    return _amount_refusal(order, debtor, creditor)


def _may_debit(order: Order, debtor: Account) -> bool:
    if debtor.id.startswith(ISSUANCE):
        return False
    return order.owner is None or (order.owner != "" and order.owner == debtor.owner)


def _amount_refusal(order: Order, debtor: Account, creditor: Account) -> Reason | None:
    amount = order.money
    if amount.minor <= 0:
        return Reason.ZERO_AMOUNT
    if {debtor.currency, creditor.currency} != {amount.currency}:
        return Reason.CURRENCY_NOT_ALLOWED
    if debtor.overdraft is not None and debtor.balance + debtor.overdraft < amount.minor:
        return Reason.INSUFFICIENT_FUNDS
    if creditor.balance + amount.minor > MOST_BALANCE:
        return Reason.AMOUNT_NOT_ALLOWED
    return None


def move(order: Order, accounts: Mapping[str, Account]) -> None:
    """Let the amount pass from one balance to the other."""
    accounts[order.debtor.account].balance -= order.money.minor
    accounts[order.creditor.account].balance += order.money.minor
