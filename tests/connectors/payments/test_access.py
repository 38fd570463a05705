"""Who may debit what, and who is shown what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.connectors.payments.teller import ROOT, Teller, teller

HANA, TARO = "pseudonym-of-hana", "pseudonym-of-taro"


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Teller]:
    async with teller(tmp_path) as found:
        for name, subject in (("hana", HANA), ("taro", TARO)):
            await found.open(f"acct-{name}", "500")
            link = {"subject": subject, "localId": f"acct-{name}"}
            assert (await found.run.api.post(f"{ROOT}/links", json=link)).status_code == 204
        yield found


def as_resident(subject: str, **more: str) -> dict[str, str]:
    return {"x-city-client": "app", "x-city-subject": subject, **more}


async def pay(bank: Teller, subject: str, key: str, **more: str) -> httpx.Response:
    order = {"creditorAccount": "b", "amount": "120", "currency": "JPY", **more}
    headers = as_resident(subject, **{"idempotency-key": key})
    return await bank.run.api.post(f"{ROOT}/residents/me/payments", json=order, headers=headers)


async def read(bank: Teller, path: str, headers: dict[str, str]) -> Any:
    answer = await bank.run.api.get(f"{ROOT}/{path}", headers=headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


async def test_a_client_debits_only_accounts_of_its_own(bank: Teller) -> None:
    for account, client in (("acct-hana", "shop"), ("a", "app"), ("a", ""), ("none", "shop")):
        answer = await bank.pay("k", debtorAccount=account, client=client)
        assert answer.status_code == 403, (account, client)
    assert (await bank.check())["currencies"][0]["postings"] == 3  # the openings
    assert (await bank.pay("k")).status_code == 201  # a refusal of authority uses up no key


async def test_a_resident_pays_from_the_linked_account(bank: Teller) -> None:
    answer = await pay(bank, HANA, "k")
    assert answer.status_code == 201
    assert answer.json()["debtor"]["account"] == "acct-hana"
    balance = await read(bank, "residents/me/balance", as_resident(HANA))
    assert (balance["balance"], balance["currency"]) == ("380", "JPY")
    assert await bank.balance("b") == "120"


async def test_residents_of_one_app_do_not_share_keys(bank: Teller) -> None:
    hers, his = await pay(bank, HANA, "k"), await pay(bank, TARO, "k")
    assert hers.json()["paymentId"] != his.json()["paymentId"]
    assert his.json()["debtor"]["account"] == "acct-taro"


async def test_a_resident_sees_only_what_is_theirs(bank: Teller) -> None:
    made = (await pay(bank, HANA, "k")).json()["paymentId"]
    assert (await read(bank, "residents/me/payments", as_resident(HANA)))["total"] == 1
    assert (await read(bank, "residents/me/payments", as_resident(TARO)))["total"] == 0
    one = f"residents/me/payments/{made}"
    assert (await read(bank, one, as_resident(HANA)))["paymentId"] == made
    assert await read(bank, one, as_resident(TARO)) == 404


async def test_without_a_resident_or_a_link_there_is_nothing(bank: Teller) -> None:
    assert await read(bank, "residents/me/balance", {"x-city-client": "app"}) == 403
    assert await read(bank, "residents/me/balance", as_resident("unlinked-pseudonym")) == 404
    await bank.run.api.delete(f"{ROOT}/links/{HANA}")
    assert await read(bank, "residents/me/balance", as_resident(HANA)) == 404


async def test_the_creditor_is_not_told_who_paid(bank: Teller) -> None:
    made = (await pay(bank, HANA, "k", remittance="thanks")).json()["paymentId"]
    seen = await read(bank, f"payments/{made}", {"x-city-client": "shop"})
    assert seen["amount"] == "120"
    assert "debtor" not in seen
    assert "acct-hana" not in str(seen)
    assert await read(bank, f"payments/{made}", {"x-city-client": "app"}) == 404


async def test_a_client_lists_what_its_accounts_paid_and_were_paid(bank: Teller) -> None:
    await bank.open("elsewhere", "100", owner="other")
    mine = (await bank.pay("k1", "10")).json()
    await bank.pay("k2", "5000")  # refused for lack of funds
    await pay(bank, HANA, "k3", amount="20")
    await pay(bank, HANA, "k4", amount="600")  # refused, and none of the shop's business
    await pay(bank, TARO, "k5", creditorAccount="elsewhere")
    shop = await read(bank, "payments", {"x-city-client": "shop"})
    assert [(i["amount"], i["status"], "debtor" in i) for i in shop["items"]] == [
        ("20", "ACSC", False),
        ("5000", "RJCT", True),
        ("10", "ACSC", True),
    ]
    assert (shop["total"], shop["items"][2]) == (3, mine)
    second = await read(bank, "payments?limit=1&offset=1", {"x-city-client": "shop"})
    assert second["items"] == shop["items"][1:2]
    assert (await read(bank, "payments", {"x-city-client": "app"}))["total"] == 0


async def test_the_creditor_hears_nothing_of_what_was_not_paid(bank: Teller) -> None:
    refused = (await pay(bank, HANA, "k", amount="501")).json()
    assert refused["reason"] == "AM04"
    shop = {"x-city-client": "shop"}
    assert await read(bank, f"payments/{refused['paymentId']}", shop) == 404
    mine = await read(bank, "residents/me/payments", as_resident(HANA))
    assert [item["status"] for item in mine["items"]] == ["RJCT"]


async def test_a_payment_is_found_by_its_entity_id_too(bank: Teller) -> None:
    made = (await bank.pay("k", endToEndId="ref-1")).json()
    found = await read(bank, f"payments/{made['id']}", {"x-city-client": "shop"})
    assert found == made
    assert await read(bank, "payments/" + "0" * 32, {"x-city-client": "shop"}) == 404
    assert await read(bank, "payments/nonsense", {"x-city-client": "shop"}) == 422


async def test_accounts_of_others_are_not_there(bank: Teller) -> None:
    assert (await read(bank, "accounts", {"x-city-client": "shop"}))["total"] == 2
    assert (await read(bank, "accounts", {"x-city-client": "app"}))["total"] == 0
    assert await read(bank, "accounts/a", {"x-city-client": "app"}) == 404
    assert await read(bank, "accounts/acct-hana", {"x-city-client": "app"}) == 404
    assert await read(bank, "accounts", {}) == 403


async def test_payments_are_published_as_personal_data(bank: Teller) -> None:
    await pay(bank, HANA, "k")
    await bank.run.said.until(lambda said: said.entities() and said.events())
    (entity,) = bank.run.said.entities().values()
    assert entity["type"] == "Payment"
    assert entity["amount"]["value"] == "120"
    (event,) = bank.run.said.events()
    assert event["data"]["debtorAccount"] == "acct-hana"
    assert event["subject"] == entity["id"]
