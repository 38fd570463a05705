"""Guessing: passwords, client secrets, codes and tokens."""

from __future__ import annotations

import math
from collections import Counter

import httpx
import pytest

from gateway.control.secrets import new_token
from tests.gateway.control.city import PASSWORD, City, authorize_url, csrf_of, sign_in
from tests.gateway.core.city import Signer, api, gateway, snapshot, token

FORGER = Signer("forger", "ES256")


async def guess(browser: httpx.AsyncClient, username: str, password: str, address: str) -> int:
    url = authorize_url()
    form = {"csrf": csrf_of(await browser.get(url)), "username": username, "password": password}
    answer = await browser.post(
        url, data={**form, "decision": "sign-in"}, headers={"x-forwarded-for": address}
    )
    return answer.status_code


async def test_an_account_is_guessed_at_slowly_from_wherever(small_city: City) -> None:
    """One guess from each of many addresses is many guesses at one account."""
    async with small_city.browser() as browser:
        statuses = [
            await guess(browser, "hanako", f"guess-{n}", f"203.0.113.{n}") for n in range(12)
        ]
    assert Counter(statuses) == {403: 5, 429: 7}


async def test_even_the_right_password_waits(small_city: City) -> None:
    """Else who guesses would know by the answer that comes while waiting."""
    async with small_city.browser() as browser:
        for n in range(6):
            await guess(browser, "hanako", f"guess-{n}", "203.0.113.1")
        assert (await sign_in(browser, authorize_url(), PASSWORD)).status_code == 429


async def test_one_password_is_not_tried_at_all_accounts(small_city: City) -> None:
    """Password spraying: an address is slowed, too."""
    async with small_city.browser() as browser:
        statuses = [
            await guess(browser, f"resident-{n}", "password1234", "203.0.113.9") for n in range(53)
        ]
    assert Counter(statuses) == {403: 50, 429: 3}


@pytest.mark.parametrize("name", ["hanako ", " hanako", "ｈａｎａｋｏ"])
async def test_an_account_written_otherwise_is_the_same_to_the_brake(
    small_city: City, name: str
) -> None:
    async with small_city.browser() as browser:
        for n in range(5):
            await guess(browser, name, f"guess-{n}", "203.0.113.1")
        assert await guess(browser, "hanako", "guess", "203.0.113.2") == 429


async def test_an_address_that_a_client_claims_does_not_help(small_city: City) -> None:
    """What counts is the last address of the field: the one that the gateway wrote."""
    async with small_city.browser() as browser:
        for n in range(50):
            await guess(browser, f"resident-{n}", "x", f"198.51.100.{n}, 203.0.113.9")
        assert await guess(browser, "another", "x", "198.51.100.77, 203.0.113.9") == 429


def test_what_is_random_cannot_be_guessed() -> None:
    """RFC 6749 §10.10: 2⁻¹²⁸ at most; codes, tokens, sessions and references are made alike."""
    tokens = {new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert {len(one) for one in tokens} == {43}
    seen = Counter("".join(tokens))
    assert len(seen) == 64
    entropy = -sum(n / 43_000 * math.log2(n / 43_000) for n in seen.values())
    assert entropy * 43 > 250


async def test_a_guessed_code_is_refused_and_harms_no_other(small_city: City) -> None:
    code = await small_city.code()
    for wrong in (code[:-1], code + "A", code.swapcase(), code[::-1], "a" * 43):
        assert (await small_city.redeem(wrong)).json()["error"] == "invalid_grant"
    assert (await small_city.redeem(code)).status_code == 200


async def test_forged_tokens_from_one_address_are_not_verified_for_ever() -> None:
    """Each would cost a signature's check: who sends too many is told to wait."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        statuses = Counter(
            [(await city.get("/stops", token(signer=FORGER))).status for _ in range(70)]
        )
        assert set(statuses) <= {401, 429}
        assert statuses[429] > 0
        assert behind.heads == []


async def test_secrets_of_clients_are_the_citys_own_random_ones(small_city: City) -> None:
    """Nobody chooses a weak one; it is shown once and kept as a keyed hash."""
    body = {
        "client_name": "x",
        "scope": "mobility:read",
        "client_class": "service",
        "client_secret": "123456",
    }
    made = await small_city.http.post("/control/v1/clients", json=body)
    if made.status_code == 201:
        assert made.json()["client_secret"] != "123456"
        assert len(made.json()["client_secret"]) >= 43
    else:
        assert made.status_code in {400, 422}
