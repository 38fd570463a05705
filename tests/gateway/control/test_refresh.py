"""Refresh tokens: rotated at each use, and the whole family gone when one is used twice."""

from __future__ import annotations

import asyncio

from schemas.policy import CLAIM_GRANT
from tests.gateway.control.city import City


async def tokens(city: City) -> dict[str, str]:
    found: dict[str, str] = (await city.redeem(await city.code())).json()
    return found


async def test_each_use_gives_a_new_one_in_the_same_family(city: City) -> None:
    first = await tokens(city)
    city.clock.advance(700)
    second = (await city.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    claims = [await city.claims(one["access_token"]) for one in (first, second)]
    assert claims[0][CLAIM_GRANT] == claims[1][CLAIM_GRANT]
    assert claims[0]["sub"] == claims[1]["sub"]


async def test_reuse_revokes_the_family(city: City) -> None:
    first = await tokens(city)
    second = (await city.refresh(first["refresh_token"])).json()
    reuse = await city.refresh(first["refresh_token"])
    assert reuse.json()["error"] == "invalid_grant"
    assert (await city.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    gid = (await city.claims(second["access_token"]))[CLAIM_GRANT]
    ends = (await city.policy())["revoked"]["families"][gid]
    assert ends >= int(city.clock.now.timestamp()) + 600


async def test_of_two_uses_at_once_at_most_one_gets_a_token_that_lives(city: City) -> None:
    first = await tokens(city)
    answers = await asyncio.gather(*(city.refresh(first["refresh_token"]) for _ in range(4)))
    for answer in answers:
        if answer.status_code == 200:
            again = await city.refresh(answer.json()["refresh_token"])
            assert again.json()["error"] == "invalid_grant"


async def test_another_client_cannot_use_it_and_does_no_harm(small_city: City) -> None:
    first = await tokens(small_city)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    stolen = await small_city.http.post("/oauth/token", data={**form, "client_id": "spa"})
    assert stolen.json()["error"] == "invalid_grant"
    assert (await small_city.refresh(first["refresh_token"])).status_code == 200


async def test_scope_can_be_narrowed_and_never_raised(small_city: City) -> None:
    code = await small_city.code(scope="medical:read mobility:read")
    first = (await small_city.redeem(code)).json()
    narrow = (await small_city.refresh(first["refresh_token"], scope="mobility:read")).json()
    raised = await small_city.refresh(narrow["refresh_token"], scope="medical:read mobility:read")
    assert narrow["scope"] == "mobility:read"
    assert raised.json()["error"] == "invalid_scope"


async def test_what_the_client_lost_is_not_renewed(small_city: City) -> None:
    code = await small_city.code(scope="medical:read mobility:read")
    first = (await small_city.redeem(code)).json()
    await small_city.http.patch("/control/v1/clients/app", json={"scope": "mobility:read"})
    second = (await small_city.refresh(first["refresh_token"])).json()
    assert second["scope"] == "mobility:read"


async def test_it_ends_with_time_and_with_the_grant(small_city: City) -> None:
    first = await tokens(small_city)
    small_city.clock.advance(31 * 86_400)
    assert (await small_city.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    token = (await tokens(small_city))["refresh_token"]
    lived = 0
    while "refresh_token" in (answer := (await small_city.refresh(token)).json()):
        token = answer["refresh_token"]
        small_city.clock.advance(29 * 86_400)
        lived += 1
    assert answer["error"] == "invalid_grant"
    assert lived == 7  # 6 × 29 days are within the grant's 180, 7 × 29 are not


async def test_a_suspended_client_gets_nothing(small_city: City) -> None:
    first = await tokens(small_city)
    await small_city.http.post("/control/v1/clients/app/suspend")
    assert (await small_city.refresh(first["refresh_token"])).status_code == 401
    assert (await small_city.policy())["clients"]["app"]["suspended"] is True
    await small_city.http.post("/control/v1/clients/app/resume")
    assert (await small_city.refresh(first["refresh_token"])).status_code == 200
