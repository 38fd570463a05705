"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

import httpx
import pytest

from schemas.policy import CLAIM_GRANT
from tests.gateway.control.city import SECRET, City
from tests.gateway.control.staff.people import enrol, invite, signed_in


async def revoke(city: City, token: str, client_id: str = "app") -> httpx.Response:
    return await city.http.post("/oauth/revoke", data={"token": token}, auth=(client_id, SECRET))


async def introspect(city: City, token: str, client_id: str = "app") -> dict[str, object]:
    answer = await city.http.post(
        "/oauth/introspect", data={"token": token}, auth=(client_id, SECRET)
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_a_revoked_access_token_is_in_the_policy_until_it_expires(city: City) -> None:
    token = (await city.token()).json()["access_token"]
    claims = await city.claims(token)
    assert (await revoke(city, token, "machine")).status_code == 200
    assert (await city.policy())["revoked"]["tokens"] == {claims["jti"]: claims["exp"]}
    assert await introspect(city, token, "machine") == {"active": False}
    city.clock.advance(3601)
    await city.control.publisher.refresh()
    assert (await city.policy())["revoked"]["tokens"] == {}


async def test_revoking_a_refresh_token_ends_the_grant(city: City) -> None:
    tokens = (await city.redeem(await city.code())).json()
    assert (await introspect(city, tokens["refresh_token"]))["active"] is True
    assert (await revoke(city, tokens["refresh_token"])).status_code == 200
    gid = (await city.claims(tokens["access_token"]))[CLAIM_GRANT]
    assert gid in (await city.policy())["revoked"]["families"]
    assert (await city.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await introspect(city, tokens["access_token"]) == {"active": False}
    assert await introspect(city, tokens["refresh_token"]) == {"active": False}


async def test_revoking_twice_or_nothing_is_no_error(small_city: City) -> None:
    token = (await small_city.token()).json()["access_token"]
    answers = [await revoke(small_city, one, "machine") for one in (token, token, "x", "a.b.c")]
    assert [answer.status_code for answer in answers] == [200] * 4


async def test_nobody_revokes_anothers_token(small_city: City) -> None:
    token = (await small_city.token()).json()["access_token"]
    refused = await revoke(small_city, token, "app")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await introspect(small_city, token, "machine"))["active"] is True


async def test_a_public_client_revokes_its_own(small_city: City) -> None:
    answer = await small_city.http.post("/oauth/revoke", data={"token": "x", "client_id": "spa"})
    assert answer.status_code == 200


async def test_introspection_tells_what_a_token_is_good_for(small_city: City) -> None:
    tokens = (await small_city.redeem(await small_city.code())).json()
    own = await introspect(small_city, tokens["access_token"])
    holder = await introspect(small_city, tokens["access_token"], "holder")
    stranger = await introspect(small_city, tokens["access_token"], "machine")
    assert (own["active"], own["client_id"], own["scope"]) == (True, "app", "medical:read")
    assert holder == own
    assert stranger == {"active": False}
    assert not {"rid", CLAIM_GRANT} & own.keys()


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_is_not_active(small_city: City, token: str) -> None:
    assert await introspect(small_city, token) == {"active": False}


async def test_an_expired_token_is_not_active(small_city: City) -> None:
    token = (await small_city.token()).json()["access_token"]
    small_city.clock.advance(3601)
    assert await introspect(small_city, token, "machine") == {"active": False}


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
async def test_both_ask_who_calls_and_for_a_token(small_city: City, path: str) -> None:
    anonymous = await small_city.http.post(path, data={"token": "x"})
    wrong = await small_city.http.post(path, data={"token": "x"}, auth=("app", "wrong"))
    empty = await small_city.http.post(path, data={}, auth=("app", SECRET))
    odd = await small_city.http.post(
        path, data={"token": "x", "token_type_hint": "odd"}, auth=("app", SECRET)
    )
    assert [one.status_code for one in (anonymous, wrong, empty)] == [401, 401, 400]
    assert odd.json()["error"] == "unsupported_token_type"


async def test_suspending_a_client_voids_its_tokens(small_city: City) -> None:
    token = (await small_city.token()).json()["access_token"]
    await small_city.http.post("/control/v1/clients/machine/suspend")
    policy = await small_city.policy()
    assert policy["revoked"]["clients"]["machine"] == int(small_city.clock.now.timestamp())
    assert await introspect(small_city, token, "holder") == {"active": False}


async def test_the_token_of_one_of_the_staff_is_known(small_city: City) -> None:
    """Its grant is not a resident's."""
    person = await enrol(small_city, await invite(small_city))
    token = await signed_in(small_city, person)
    about = await introspect(small_city, token, "holder")
    assert (about["active"], about["acr"]) == (True, "urn:supercity:aal:2")
