"""A steady day: all seven domains and the broker, reads mostly, payments now and then."""

from __future__ import annotations

import random
import uuid
from typing import Any, ClassVar

from locust import constant_pacing, events, task

from loadtests.scenarios.city_user import CityUser
from loadtests.scenarios.mix import STEADY_DAY, Things, patiently

_READS_WEIGHT = sum(read.weight for read in STEADY_DAY)
_ACCOUNTS = "/payments/v1/accounts"


class SteadyDay(CityUser):
    """One application's worth of traffic: a request every 250 ms, however fast the answers are."""

    wait_time = constant_pacing(0.25)
    things: ClassVar[Things]
    accounts: ClassVar[list[dict[str, Any]]]

    @task(_READS_WEIGHT)
    def read(self) -> None:
        (read,) = random.choices(STEADY_DAY, weights=[each.weight for each in STEADY_DAY])
        self.call("GET", self.things.url(read), name=read.path.partition("?")[0])

    @task(2)
    def pay(self) -> None:
        debtor, creditor = self.accounts
        order = {
            "debtorAccount": debtor["id"],
            "creditorAccount": creditor["id"],
            "amount": "1",
            "currency": debtor["currency"],
        }
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.call("POST", "/payments/v1/payments", "/payments/v1/payments", json=order, headers=key)


def look_around(**_: Any) -> None:
    """Before the first request: what is there to ask about, and who can pay whom."""
    city = SteadyDay.connect()
    SteadyDay.things = Things(city, STEADY_DAY)
    SteadyDay.accounts = payer_and_payee(patiently(city, _ACCOUNTS), city.app.client_id)


events.test_start.add_listener(look_around)  # type: ignore[no-untyped-call]


def payer_and_payee(accounts: list[dict[str, Any]], client_id: str) -> list[dict[str, Any]]:
    """An account that the application may debit, and another of the same currency.

    Raises:
        SystemExit: the sample city has no such two.
    """
    for payer in accounts:
        others = [a for a in accounts if a["currency"] == payer["currency"] and a != payer]
        if payer.get("owner") == client_id and others:
            return [payer, others[0]]
    raise SystemExit(f"no account of {client_id} to pay from among {len(accounts)}")
