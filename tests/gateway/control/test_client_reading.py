"""Operators find clients, read what they ask for, and replace what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.control.city import SECRET, City

CLIENTS = "/control/v1/clients"
METADATA = {
    "client_name": "Bus times 100%", "scope": "mobility:read", "organisation": "Kita Bus",
    "purposes": ["transport-to-care"],
}  # fmt: skip


async def register(city: City, **changes: Any) -> dict[str, Any]:
    answer = await city.http.post("/oauth/register", json={**METADATA, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def found(city: City, **query: Any) -> set[str]:
    answer = await city.http.get(CLIENTS, params=query)
    assert answer.status_code == 200, answer.text
    return {one["client_id"] for one in answer.json()}


async def test_clients_are_found_by_words_state_and_owner(city: City) -> None:
    made = (await register(city))["client_id"]
    assert await found(city, q="TIMES 100%") == {made}
    assert await found(city, q="times_100") == set()
    assert await found(city, q="kita bus") == {made}
    assert await found(city, state="pending") == await found(city, state="waiting") == {made}
    assert made not in await found(city, state="active")
    await city.http.post(f"{CLIENTS}/machine/suspend")
    assert await found(city, state="suspended") == {"machine"}
    assert "machine" not in await found(city, state="active")
    assert await found(city, sandbox="true") == set()
    assert await found(city, owner="s-nobody") == set()
    assert (await city.http.get(CLIENTS, params={"state": "odd"})).status_code == 422


async def test_clients_are_paged_by_their_ids(small_city: City) -> None:
    everybody = [one["client_id"] for one in (await small_city.http.get(CLIENTS)).json()]
    first = (await small_city.http.get(CLIENTS, params={"limit": 3})).json()
    rest = await small_city.http.get(CLIENTS, params={"after": first[-1]["client_id"]})
    assert [one["client_id"] for one in [*first, *rest.json()]] == everybody
    one = (await small_city.http.get(f"{CLIENTS}/machine")).json()
    assert one["scope"] == "disaster:read mobility:read"
    assert (await small_city.http.get(f"{CLIENTS}/nobody")).status_code == 404


async def test_what_a_new_client_asks_for_is_told_in_words(small_city: City) -> None:
    made = await register(small_city)
    asked = (await small_city.http.get(f"{CLIENTS}/{made['client_id']}/asked")).json()
    assert (asked["waits"], asked["new"], asked["more"]) == (True, True, True)
    assert [(one["scope"], one["held"]) for one in asked["scopes"]] == [("mobility:read", False)]
    assert asked["purposes"][0]["title"] == "Arranging transport to a medical appointment"
    assert asked["purposes"][0]["titleJa"]


async def test_what_a_client_would_have_more_is_told_apart(small_city: City) -> None:
    made = await register(small_city)
    path = f"{CLIENTS}/{made['client_id']}"
    await small_city.http.post(f"{path}/approve", json={})
    assert (await small_city.http.get(f"{path}/asked")).json()["waits"] is False
    more = {
        **METADATA, "client_id": made["client_id"], "client_name": "Trains",
        "scope": "mobility:read disaster:read",
    }  # fmt: skip
    answer = await small_city.http.put(
        made["registration_client_uri"],
        json=more,
        headers={"authorization": f"Bearer {made['registration_access_token']}"},
    )
    assert answer.status_code == 200, answer.text
    asked = (await small_city.http.get(f"{path}/asked")).json()
    assert (asked["waits"], asked["new"], asked["more"]) == (True, False, True)
    assert {one["scope"]: one["held"] for one in asked["scopes"]} == {
        "mobility:read": True, "disaster:read": False,
    }  # fmt: skip
    assert asked["changes"] == [
        {"member": "client_name", "now": "Bus times 100%", "wanted": "Trains"}
    ]


async def test_a_secret_is_replaced_at_once_or_after_a_while(city: City) -> None:
    answer = await city.http.post(f"{CLIENTS}/machine/secret", json={"overlap": 60})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    secret = answer.json()["client_secret"]

    async def good(one: str) -> bool:
        form = {"grant_type": "client_credentials"}
        given = await city.http.post("/oauth/token", data=form, auth=("machine", one))
        return given.status_code == 200

    assert await good(secret)
    assert await good(SECRET)
    city.clock.advance(61)
    assert not await good(SECRET)
    await city.http.post(f"{CLIENTS}/machine/secret", json={})
    assert not await good(secret)
    events = (await city.http.get("/audit/v1/events?action=client.rotate-secret")).text
    assert len((await city.http.get("/audit/v1/events?action=client.rotate-secret")).json()) == 2
    assert secret not in events


@pytest.mark.parametrize(("client", "status"), [("spa", 409), ("nobody", 404)])
async def test_who_has_no_secret_gets_none(small_city: City, client: str, status: int) -> None:
    answer = await small_city.http.post(f"{CLIENTS}/{client}/secret", json={})
    assert answer.status_code == status


async def test_tokens_are_voided_and_new_ones_can_be_had(small_city: City) -> None:
    small_city.clock.advance(5)
    assert (await small_city.http.post(f"{CLIENTS}/machine/revoke")).status_code == 200
    policy = await small_city.policy()
    assert policy["revoked"]["clients"]["machine"] == small_city.control.now()
    assert not policy["clients"]["machine"]["suspended"]
    assert (await small_city.token()).status_code == 200
