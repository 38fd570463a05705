from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.publish import Publisher
from tests.connectors.payments.teller import Teller, teller


async def test_the_same_payment_with_the_same_key_is_one_payment(
    tmp_path: Path, store_url: str
) -> None:
    async with teller(tmp_path, store_url) as bank:
        first = await bank.pay("k")
        again = await bank.pay("k")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["location"] == first.headers["location"]
        assert await bank.balance("a") == "900"
        await bank.run.said.until(lambda said: len(said.events()) >= 1)
        assert [e["type"] for e in bank.run.said.events()] == ["city.payments.payment.settled"]


async def test_a_payment_without_a_key_is_refused(tmp_path: Path) -> None:
    async with teller(tmp_path) as bank:
        answer = await bank.pay(None)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["where"] == "header Idempotency-Key"
        assert await bank.balance("a") == "1000"


@pytest.mark.parametrize("key", ["", '""', "two words", "x" * 256])
async def test_what_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    async with teller(tmp_path) as bank:
        assert (await bank.pay(key)).status_code == 400


async def test_a_key_is_the_same_with_and_without_quotes(tmp_path: Path) -> None:
    async with teller(tmp_path) as bank:
        assert (await bank.pay("k")).json() == (await bank.pay('"k"')).json()


@pytest.mark.parametrize(
    "other", [{"amount": "101"}, {"creditorAccount": "c"}, {"remittance": "x"}]
)
async def test_a_key_used_for_another_payment_is_refused(
    tmp_path: Path, other: dict[str, str]
) -> None:
    async with teller(tmp_path) as bank:
        await bank.pay("k")
        answer = await bank.pay("k", **other)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(":idempotency-key-reused")
        assert await bank.balance("a") == "900"


async def test_a_rejection_stays_the_answer_for_its_key(tmp_path: Path, store_url: str) -> None:
    async with teller(tmp_path, store_url) as bank:
        await bank.open("rich", "5000", owner="shop")
        refused = await bank.pay("k", "1500")
        assert refused.json()["reason"] == "AM04"
        await bank.pay("top-up", "600", debtorAccount="rich", creditorAccount="a")
        again = await bank.pay("k", "1500")
        assert again.json()["paymentId"] == refused.json()["paymentId"]
        assert await bank.balance("a") == "1600"
        assert (await bank.pay("k2", "1500")).status_code == 201


async def test_clients_do_not_share_keys(tmp_path: Path) -> None:
    async with teller(tmp_path) as bank:
        await bank.open("c", "500", owner="other")
        mine = await bank.pay("k")
        theirs = await bank.pay("k", client="other", debtorAccount="c")
        assert theirs.status_code == 201
        assert theirs.json()["paymentId"] != mine.json()["paymentId"]


async def test_a_key_in_flight_is_a_conflict(
    tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()
    said = Publisher.say

    async def slow(self: Publisher, connection: AsyncConnection, **what: Iterable[Any]) -> None:
        inside.set()
        await go_on.wait()
        await said(self, connection, **what)

    async with teller(tmp_path, store_url) as bank:
        monkeypatch.setattr(Publisher, "say", slow)
        first = asyncio.create_task(bank.pay("k"))
        await asyncio.wait_for(inside.wait(), 5)
        second = await bank.pay("k")
        go_on.set()
        assert second.status_code == 409
        assert second.headers["retry-after"] == "1"
        assert (await first).status_code == 201
        assert (await bank.pay("k")).json() == (await first).json()


async def insistent(bank: Teller, key: str) -> str:
    """Send until there is an answer, as a client would."""
    while True:
        answer = await bank.pay(key)
        if answer.status_code == 201:
            return str(answer.json()["paymentId"])
        assert answer.status_code == 409, answer.text
        await asyncio.sleep(0.01)


async def test_the_same_key_at_once_from_many_is_one_payment(
    tmp_path: Path, store_url: str
) -> None:
    async with teller(tmp_path, store_url) as bank, asyncio.timeout(60):
        made = await asyncio.gather(*(insistent(bank, "k") for _ in range(20)))
        assert len(set(made)) == 1
        assert await bank.balance("a") == "900"
        assert (await bank.check())["sound"] is True


async def test_two_processes_with_one_key_make_one_payment(tmp_path: Path, store_url: str) -> None:
    """Two connectors on one store know nothing of each other's memory."""
    async with (
        teller(tmp_path, store_url) as one,
        teller(tmp_path, store_url) as two,
        asyncio.timeout(60),
    ):
        made = await asyncio.gather(*(insistent(b, "k") for b in [one, two] * 5))
        assert len(set(made)) == 1
        assert await two.balance("a") == "900"
