"""The same payment sent twice is one payment, and no yen is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.city import City

ORDER = {
    "amount": "120",
    "currency": "JPY",
    "debtorAccount": "acct-sample-app",
    "creditorAccount": "acct-mirai-bus",
}


def pay(city: City, key: str, **changed: Any) -> httpx.Response:
    with city.client() as http:
        order = {**ORDER, **changed}
        return http.post("/payments/v1/payments", json=order, headers={"idempotency-key": key})


def balance(city: City) -> int:
    with city.client() as http:
        return int(http.get("/payments/v1/accounts/acct-sample-app").json()["balance"])


def ledger(city: City) -> dict[str, Any]:
    with city.client("operator") as http:
        found: dict[str, Any] = http.get("/payments/v1/ledger/check").raise_for_status().json()
        return found


@pytest.mark.parametrize("kind", ["city", "city_on_servers"])
def test_a_payment_sent_again_and_at_once_is_one(kind: str, request: pytest.FixtureRequest) -> None:
    city: City = request.getfixturevalue(kind)
    before, key = balance(city), str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pay(city, key), range(8)))
    made = {answer.json()["id"] for answer in answers if answer.is_success}
    assert len(made) == 1
    # while the first is under way, the others are told so; never anything worse
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    again = pay(city, key)
    assert again.is_success
    assert again.json()["id"] in made
    assert before - balance(city) == 120


def test_the_same_key_for_another_payment_is_refused(city: City) -> None:
    key = str(uuid4())
    assert pay(city, key).status_code == 201
    before = balance(city)
    assert pay(city, key, amount="130").status_code == 422
    assert balance(city) == before


def test_a_payment_without_a_key_is_refused(city: City) -> None:
    with city.client() as http:
        assert http.post("/payments/v1/payments", json=ORDER).status_code == 400


def test_an_account_of_somebody_else_cannot_be_debited(city: City) -> None:
    assert pay(city, str(uuid4()), debtorAccount="acct-hana").status_code in {403, 404, 422}


def test_the_ledger_sums_to_zero(city: City) -> None:
    pay(city, str(uuid4()))
    assert all(int(float(one["sum"])) == 0 for one in ledger(city)["currencies"])
