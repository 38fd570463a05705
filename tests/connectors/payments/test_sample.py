from __future__ import annotations

from pathlib import Path

from connectors.payments.connector import PaymentsConnector
from tests.connectors.harness import running
from tests.connectors.payments.teller import ROOT, Teller


async def test_mirai_city_has_accounts_once_however_often_it_starts(
    tmp_path: Path, store_url: str
) -> None:
    for _ in range(2):
        async with running(PaymentsConnector, tmp_path, sample=True, store_url=store_url) as run:
            bank = Teller(run)
            assert await bank.balance("acct-sample-app", "sample-app") == "994800"
            assert await bank.balance("acct-mirai-bus", "mirai-bus") == "220"
            assert (await bank.check())["sound"] is True


async def test_a_resident_of_mirai_city_has_money_and_a_history(tmp_path: Path) -> None:
    async with running(PaymentsConnector, tmp_path, sample=True) as run:
        link = {"subject": "pseudonym-1", "localId": "acct-hana"}
        await run.api.post(f"{ROOT}/links", json=link)
        headers = {"x-city-client": "app", "x-city-subject": "pseudonym-1"}
        balance = await run.api.get(f"{ROOT}/residents/me/balance", headers=headers)
        assert balance.json()["balance"] == "53000"
        history = await run.api.get(f"{ROOT}/residents/me/payments", headers=headers)
        assert history.json()["items"][0]["remittance"] == "Refund 返金"
