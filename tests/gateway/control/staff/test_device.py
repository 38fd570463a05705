"""Signing in from a command line (RFC 8628)."""

from __future__ import annotations

import pytest

from gateway.control.brakes import FREE_TRIES
from gateway.control.staff.device_requests import LIFETIME
from tests.gateway.control.city import City
from tests.gateway.control.staff.people import (
    CLI,
    DEVICE_CODE,
    begin,
    enrol,
    invite,
    poll,
    signed_in,
)


async def test_who_signs_in_gets_a_token_of_both_factors(city: City) -> None:
    person = await enrol(city, await invite(city))
    begun = await begin(city)
    waiting = await poll(city, begun)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert (await person.decide(begun["user_code"])).status_code == 200
    answer = await poll(city, begun)
    assert answer.status_code == 200, answer.text
    claims = await city.claims(answer.json()["access_token"])
    assert claims["sub"] == person.staff_id
    assert claims["acr"] == "urn:supercity:aal:2"
    assert claims["amr"] == ["pwd", "otp"]
    assert "rid" not in claims, "no resident is behind it"
    assert claims["exp"] - claims["iat"] > 3 * 3600, "nobody signs in every hour of a disaster"
    assert "operator:keys" in claims["scope"]
    assert "audit:read" not in claims["scope"], "that is no operator's"


async def test_a_device_code_is_good_for_one_token(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    await person.decide(begun["user_code"])
    assert (await poll(small_city, begun)).status_code == 200
    again = await poll(small_city, begun)
    assert again.status_code == 400


async def test_who_asks_too_often_is_slowed_down(small_city: City) -> None:
    begun = await begin(small_city)
    await poll(small_city, begun)
    form = {"grant_type": DEVICE_CODE, "client_id": CLI, "device_code": begun["device_code"]}
    answer = await small_city.http.post("/oauth/token", data=form)
    assert answer.json()["error"] == "slow_down"


async def test_a_code_that_has_expired_can_be_neither_decided_nor_redeemed(
    small_city: City,
) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    small_city.clock.advance(LIFETIME + 1)
    assert (await person.decide(begun["user_code"])).status_code == 404
    assert (await poll(small_city, begun)).json()["error"] == "expired_token"


async def test_what_is_denied_is_denied_for_good(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    assert (await person.decide(begun["user_code"], "deny")).status_code == 200
    assert (await poll(small_city, begun)).json()["error"] == "access_denied"
    small_city.clock.advance(60)
    assert (await person.decide(begun["user_code"])).status_code == 404


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"code": "000000"}, {"code": ""}, {"username": "nobody"}]
)
async def test_each_factor_is_needed_and_which_was_wrong_is_not_said(
    small_city: City, changes: dict[str, str]
) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    refused = await person.decide(begun["user_code"], **changes)
    assert refused.status_code == 403
    assert "利用者名、パスワード、数字のどれか" in refused.text
    assert (await poll(small_city, begun)).json()["error"] == "authorization_pending"


async def test_a_code_of_the_app_is_good_once(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    first, second, code = await begin(small_city), await begin(small_city), person.code()
    assert (await person.decide(first["user_code"], code=code)).status_code == 200
    assert (await person.decide(second["user_code"], code=code)).status_code == 403


async def test_guessing_codes_with_the_right_password_is_braked(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    for _ in range(FREE_TRIES):
        assert (await person.decide(begun["user_code"], code="000000")).status_code == 403
    waiting = await person.decide(begun["user_code"], code="000000")
    right = await person.decide(begun["user_code"])
    assert (waiting.status_code, right.status_code) == (429, 429)
    assert int(right.headers["retry-after"]) > 0


async def test_a_page_of_another_site_decides_nothing(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    begun = await begin(small_city)
    assert (await person.decide(begun["user_code"], csrf="forged")).status_code == 403
    assert (await poll(small_city, begun)).json()["error"] == "authorization_pending"


async def test_an_auditor_gets_what_auditors_have_whatever_is_asked(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city, roles=("auditor",)))
    claims = await small_city.claims(await signed_in(small_city, person))
    assert claims["scope"] == "audit:read"


async def test_a_role_that_has_nothing_of_what_is_asked_gets_no_token(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city, roles=("auditor",)))
    begun = await begin(small_city, scope="operator:keys")
    assert "何もできません" in (await person.decide(begun["user_code"])).text
    assert (await poll(small_city, begun)).json()["error"] == "access_denied"


async def test_only_a_client_for_devices_may_begin(small_city: City) -> None:
    answer = await small_city.http.post("/oauth/device_authorization", data={"client_id": "spa"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_who_is_suspended_loses_what_runs_and_cannot_sign_in(city: City) -> None:
    person = await enrol(city, await invite(city))
    claims = await city.claims(await signed_in(city, person))
    changed = await city.http.patch(
        f"/control/v1/staff/{person.staff_id}", json={"suspended": True}
    )
    assert changed.json()["suspended"] is True
    assert claims["gid"] in (await city.policy())["revoked"]["families"]
    city.clock.advance(30)
    begun = await begin(city)
    assert (await person.decide(begun["user_code"])).status_code == 403


async def test_who_has_lost_the_phone_is_invited_anew_and_what_they_had_is_void(
    small_city: City,
) -> None:
    person = await enrol(small_city, await invite(small_city))
    claims = await small_city.claims(await signed_in(small_city, person))
    anew = await small_city.http.post(f"/control/v1/staff/{person.staff_id}/invitation")
    assert claims["gid"] in (await small_city.policy())["revoked"]["families"]
    small_city.clock.advance(30)
    begun = await begin(small_city)
    assert (await person.decide(begun["user_code"])).status_code == 403
    again = await enrol(small_city, anew.json())
    assert again.key != person.key
    assert (await again.decide(begun["user_code"])).status_code == 200


async def test_the_audit_log_names_the_person_and_not_only_the_client(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    await signed_in(small_city, person)
    headers = {"x-city-client": CLI, "x-city-operator": person.staff_id}
    await small_city.http.post("/control/v1/keys/rotate", json={}, headers=headers)
    newest, *others = (await small_city.http.get("/audit/v1/events")).json()
    assert (newest["action"], newest["client"]) == ("key.rotate", f"staff:{person.staff_id}")
    assert [one["action"] for one in others] == ["staff.sign-in", "staff.enrol", "staff.invite"]
