from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.connectors.payments.teller import ROOT, Teller, teller


def sums(check: dict[str, Any]) -> dict[str, str]:
    return {c["currency"]: c["sum"] for c in check["currencies"]}


async def execute(bank: Teller, statement: str) -> None:
    async with bank.run.connector.store.write() as connection:
        await connection.execute(text(statement))


async def test_opening_balances_come_from_somewhere(tmp_path: Path, store_url: str) -> None:
    async with teller(tmp_path, store_url) as bank:
        await bank.open("e", "12.34", "EUR", owner="shop")
        check = await bank.check()
        assert sums(check) == {"EUR": "0.00", "JPY": "0"}
        assert check["sound"] is True
        assert await bank.balance("e") == "12.34"


async def test_a_balance_that_its_postings_do_not_make_is_found(
    tmp_path: Path, store_url: str
) -> None:
    async with teller(tmp_path, store_url) as bank:
        await execute(bank, "UPDATE accounts SET balance = balance + 1 WHERE id = 'b'")
        check = await bank.check()
        assert check["sound"] is False
        (yen,) = check["currencies"]
        assert (yen["sum"], yen["faults"]) == ("1", ["b"])


async def test_a_settled_payment_without_its_posting_is_found(
    tmp_path: Path, store_url: str
) -> None:
    async with teller(tmp_path, store_url) as bank:
        made = (await bank.pay("k")).json()["paymentId"]
        await execute(bank, "DELETE FROM postings WHERE payment IS NOT NULL")
        check = await bank.check()
        assert check["sound"] is False
        assert made in check["currencies"][0]["faults"]


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE accounts SET balance = -1 WHERE id = 'a'",
        "INSERT INTO postings (debit, credit, amount, currency, posted)"
        " VALUES ('a', 'e', 1, 'JPY', 0)",
        "INSERT INTO postings (debit, credit, amount, currency, posted)"
        " VALUES ('a', 'nobody', 1, 'JPY', 0)",
        "INSERT INTO postings (debit, credit, amount, currency, posted)"
        " VALUES ('a', 'a', 1, 'JPY', 0)",
        "INSERT INTO postings (debit, credit, amount, currency, posted)"
        " VALUES ('a', 'b', 0, 'JPY', 0)",
        "INSERT INTO postings (payment, debit, credit, amount, currency, posted)"
        " SELECT payment, 'a', 'b', 1, 'JPY', 0 FROM postings WHERE payment IS NOT NULL",
    ],
)
async def test_the_database_itself_refuses_what_would_break_the_books(
    tmp_path: Path, store_url: str, wrong: str
) -> None:
    async with teller(tmp_path, store_url) as bank:
        await bank.open("e", "1.00", "EUR")
        await bank.pay("k")
        with pytest.raises(IntegrityError):
            await execute(bank, wrong)
        assert (await bank.check())["sound"] is True


async def test_payments_crossing_at_once_lose_nothing_and_overdraw_nobody(
    tmp_path: Path, store_url: str
) -> None:
    async with teller(tmp_path, store_url) as bank:
        there = [bank.pay(f"there-{n}", "300") for n in range(12)]
        back = [
            bank.pay(f"back-{n}", "200", debtorAccount="b", creditorAccount="a") for n in range(12)
        ]
        answers = await asyncio.gather(*there, *back)
        assert {a.status_code for a in answers} <= {201, 422}
        assert any(a.status_code == 201 for a in answers)
        a, b = int(await bank.balance("a")), int(await bank.balance("b"))
        assert a + b == 1000
        assert min(a, b) >= 0
        assert (await bank.check())["sound"] is True


async def test_an_account_is_opened_once(tmp_path: Path, store_url: str) -> None:
    async with teller(tmp_path, store_url) as bank:
        url, body = f"{ROOT}/accounts/new", {"name": "n", "currency": "JPY", "openingBalance": "7"}
        put = bank.run.api.put
        assert (await put(url, json=body)).status_code == 201
        renamed = await put(url, json={**body, "name": "m", "overdraft": "5"})
        assert (renamed.status_code, renamed.json()["name"]) == (200, "m")
        assert renamed.json()["balance"] == "7"
        assert (await put(url, json={**body, "openingBalance": "8"})).status_code == 409
        assert (await put(url, json={**body, "currency": "EUR"})).status_code == 409
        assert (await bank.check())["sound"] is True


async def test_an_overdraft_in_use_cannot_be_taken_away(tmp_path: Path) -> None:
    async with teller(tmp_path) as bank:
        await bank.open("o", "0", owner="shop", overdraft="100")
        assert (await bank.pay("k", "100", debtorAccount="o")).status_code == 201
        assert await bank.balance("o") == "-100"
        body = {"name": "o", "currency": "JPY", "owner": "shop", "overdraft": "99"}
        assert (await bank.run.api.put(f"{ROOT}/accounts/o", json=body)).status_code == 409


@pytest.mark.parametrize(
    ("id_", "body"),
    [
        ("issuance-EUR", {}),
        ("x" * 35, {}),
        ("-x", {}),
        ("x", {"openingBalance": 5}),
        ("x", {"openingBalance": "0.5"}),
        ("x", {"currency": "XXX"}),
        ("x", {"name": "a\x00b"}),
        ("x", {"owner": "two words"}),
        ("x", {"unknown": 1}),
    ],
)
async def test_what_is_no_account_is_refused(
    tmp_path: Path, id_: str, body: dict[str, Any]
) -> None:
    async with teller(tmp_path) as bank:
        whole = {"name": "n", "currency": "JPY", **body}
        answer = await bank.run.api.put(f"{ROOT}/accounts/{id_}", json=whole)
        assert answer.status_code == 422
        assert answer.json()["errors"]
