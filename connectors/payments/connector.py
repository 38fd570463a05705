"""Payments: accounts, credit transfers, and a ledger that loses no yen."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.payments import sample
from connectors.payments.api import payments_router
from connectors.payments.bank import Bank
from schemas.problem import Conflict
from schemas.xcity import ApiInfo, DataField, Dataset, LegalClass


def _of_payments(name: str, title: str, title_ja: str, *members: str) -> DataField:
    """Paths of a payment or balance alone, and in a page of payments."""
    named = ("currency", *members)
    inside = (f"items.{member}" for member in named)
    paths = ("total", "limit", "offset", *named, *inside)
    return DataField(id=name, title=title, title_ja=title_ja, paths=paths)


class PaymentsConnector(Connector):
    """The payments domain. It has no feed: what is booked here is the original."""

    info: ClassVar[ApiInfo] = ApiInfo(
        domain="payments",
        title_ja="支払い",
        datasets=(
            Dataset(
                id="payments",
                title="A resident's payments",
                title_ja="住民の支払い",
                title_easy="はらった お金",
                description="What a resident pays and is paid, from the account linked by them.",
                licence="",
                legal_class=LegalClass.PERSONAL,
                update_seconds=1,
                standard="ISO 20022",
                fields=(
                    _of_payments("balance", "Balance", "残高", "balance", "observedAt"),
                    _of_payments(
                        "amounts",
                        "When and how much",
                        "日時と金額",
                        "amount",
                        "status",
                        "requestedAt",
                    ),
                    _of_payments(
                        "partners",
                        "Who paid whom, and for what",
                        "相手と用途",
                        "debtor",
                        "creditor",
                        "remittance",
                    ),
                ),
            ),
            Dataset(
                id="client-payments",
                title="A client's own accounts and payments",
                title_ja="事業者自身の口座と支払い",
                description="What a business pays and is paid, for the business itself; its payers "
                "are not named.",
                licence="",
                update_seconds=1,
                standard="ISO 20022",
            ),
        ),
    )
    title = "Payments 支払い"
    description = (
        "Credit transfers inside the city's ledger, each made once: by Idempotency-Key, or as "
        "ISO 20022 pain.001 answered by pain.002."
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.bank = Bank(self.store, self.metadata, self.publisher, self.source_uri, self.clock)

    def router(self) -> APIRouter:
        return payments_router(self.bank)

    async def started(self) -> None:
        if self.context.sample:
            await self._settle_sample()

    async def _settle_sample(self) -> None:
        """Another process that starts at the same moment may be at it: then see what it did."""
        async with asyncio.timeout(30):
            while True:
                try:
                    await sample.settle(self.bank.accounts, self.bank.payments, self.clock())
                except Conflict:
                    await asyncio.sleep(0.1)
                else:
                    return
