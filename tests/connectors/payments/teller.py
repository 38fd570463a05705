"""The payments API as its clients use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from connectors.payments.connector import PaymentsConnector
from tests.connectors.harness import Running, running

ROOT = "/payments/v1"


@dataclass
class Teller:
    run: Running

    async def open(self, id_: str, balance: str = "0", currency: str = "JPY", **more: Any) -> None:
        body = {"name": id_, "currency": currency, "openingBalance": balance, **more}
        (await self.run.api.put(f"{ROOT}/accounts/{id_}", json=body)).raise_for_status()

    async def pay(
        self, key: str | None, amount: str = "100", *, client: str = "shop", **more: Any
    ) -> httpx.Response:
        order = {
            "debtorAccount": "a",
            "creditorAccount": "b",
            "amount": amount,
            "currency": "JPY",
            **more,
        }
        headers = {"x-city-client": client}
        if key is not None:
            headers["idempotency-key"] = key
        return await self.run.api.post(f"{ROOT}/payments", json=order, headers=headers)

    async def balance(self, account: str, client: str = "shop") -> str:
        answer = await self.run.api.get(
            f"{ROOT}/accounts/{account}", headers={"x-city-client": client}
        )
        return str(answer.raise_for_status().json()["balance"])

    async def check(self) -> dict[str, Any]:
        answer = await self.run.api.get(f"{ROOT}/ledger/check")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def send(self, xml: bytes, client: str = "shop") -> httpx.Response:
        return await self.run.api.post(
            f"{ROOT}/pain001", content=xml, headers={"x-city-client": client}
        )


@asynccontextmanager
async def teller(folder: Path, store_url: str = "", **options: Any) -> AsyncIterator[Teller]:
    """A bank with the accounts ``a`` (1000 yen) and ``b`` (0) of the client ``shop``."""
    async with running(PaymentsConnector, folder, store_url=store_url, **options) as run:
        found = Teller(run)
        await found.open("a", "1000", owner="shop")
        await found.open("b", owner="shop")
        yield found
