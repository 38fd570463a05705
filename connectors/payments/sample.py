"""Mirai City's accounts: a bus company, a shop, three residents, a developer, and a first day."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.payments.accounts import Accounts
from connectors.payments.models import AccountOrder
from connectors.payments.money import parse
from connectors.payments.orders import Initiator, Order
from connectors.payments.payments import Payments
from schemas.payments import Party

ACCOUNTS: Final = {
    "acct-mirai-bus": AccountOrder(owner="mirai-bus", name="Mirai Bus みらいバス", currency="JPY"),
    "acct-mirai-shop": AccountOrder(
        owner="mirai-shop", name="Mirai Shop みらい商店", currency="JPY"
    ),
    "acct-sample-app": AccountOrder(
        owner="sample-app", name="Sample app", currency="JPY", opening_balance="1000000"
    ),
    "acct-hana": AccountOrder(name="Hana 花", currency="JPY", opening_balance="50000"),
    "acct-taro": AccountOrder(name="Taro 太郎", currency="JPY", opening_balance="50000"),
    "acct-kenji": AccountOrder(name="Kenji 健二", currency="JPY", opening_balance="50000"),
}

_BUS, _SHOP = "acct-mirai-bus", "acct-mirai-shop"

PAYMENTS: Final = (
    ("acct-sample-app", _BUS, "220", "fare-0001", "Bus fare みらい駅前 - 中央病院"),
    ("acct-sample-app", _SHOP, "1980", "order-0001", "Rice 5 kg 米"),
    ("acct-sample-app", "acct-hana", "3000", "refund-0001", "Refund 返金"),
)
"""From, to, yen, end-to-end id, remittance."""


async def settle(accounts: Accounts, payments: Payments, now: datetime) -> None:
    """Open the accounts and make the first payments, each once however often this runs."""
    for id_, order in ACCOUNTS.items():
        await accounts.put(id_, order)
    for debtor, creditor, yen, reference, remittance in PAYMENTS:
        order_ = Order(
            money=parse(yen, "JPY"),
            debtor=Party(account=debtor, name=ACCOUNTS[debtor].name),
            creditor=Party(account=creditor, name=ACCOUNTS[creditor].name),
            owner="sample-app",
            requested=now,
            end_to_end_id=reference,
            remittance=remittance,
        )
        await payments.make(order_, Initiator("sample-app", key=f"sample-{reference}"))
