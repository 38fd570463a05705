"""A steady day: all seven domains and the broker, reads mostly, payments now and then."""

from __future__ import annotations

import random
import uuid
from collections import deque
from typing import Any, ClassVar

from locust import constant_pacing, events, task

from loadtests.scenarios.city_user import CityUser
from loadtests.scenarios.mix import STEADY_DAY, Things, patiently

_SHOP = "acct-mirai-shop"
"""The sample city's shop, which everybody pays."""
_WEIGHTS = [read.weight for read in STEADY_DAY]
_PAYMENTS = "/payments/v1/payments"


class SteadyDay(CityUser):
    """One application's worth of traffic: a request every 250 ms, however fast the answers are."""

    wait_time = constant_pacing(0.25)
    things: ClassVar[Things]
    purse: ClassVar[dict[str, Any]]
    """The application's own account."""
    paid: ClassVar[deque[str]] = deque(maxlen=1000)
    """Ids of payments made, the latest of them."""

    @task(94)
    def read(self) -> None:
        (read,) = random.choices(STEADY_DAY, _WEIGHTS)
        self.call("GET", self.things.url(read), name=read.path.partition("?")[0])

    @task(3)
    def pay(self) -> None:
        order = {
            "debtorAccount": self.purse["id"],
            "creditorAccount": _SHOP,
            "amount": "1",
            "currency": self.purse["currency"],
        }
        key = {"Idempotency-Key": str(uuid.uuid4())}
        payment = self.call("POST", _PAYMENTS, _PAYMENTS, json=order, headers=key)
        if payment:
            self.paid.append(payment["paymentId"])

    @task(3)
    def look_a_payment_up(self) -> None:
        if self.paid:
            path = f"{_PAYMENTS}/{random.choice(self.paid)}"
            self.call("GET", path, name=f"{_PAYMENTS}/{{id}}")
        else:
            self.pay()


def look_around(**_: Any) -> None:
    """Before the first request: what is there to ask about, and what to pay from."""
    city = SteadyDay.connect()
    SteadyDay.things = Things(city, STEADY_DAY)
    SteadyDay.purse = patiently(city, "/payments/v1/accounts")[0]


events.test_start.add_listener(look_around)  # type: ignore[no-untyped-call]
