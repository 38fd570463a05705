"""Clients that register themselves (RFC 7591), and what an operator makes of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.control.housekeeping import Housekeeper
from gateway.control.oauth import register
from tests.gateway.control.city import CALLBACK, City, authorize_url

MACHINE = {"client_name": "Maps", "scope": "mobility:read parks:read"}
APP = {
    "client_name": "Notes",
    "scope": "medical:read",
    "grant_types": ["authorization_code", "refresh_token"],
    "redirect_uris": [CALLBACK],
}


async def registered(city: City, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await city.http.post("/oauth/register", json=metadata or MACHINE)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def token_of(city: City, made: dict[str, Any]) -> httpx.Response:
    return await city.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    )


async def approve(city: City, made: dict[str, Any], **body: Any) -> httpx.Response:
    return await city.http.post(f"/control/v1/clients/{made['client_id']}/approve", json=body)


async def refuse(city: City, made: dict[str, Any]) -> httpx.Response:
    url = f"/control/v1/clients/{made['client_id']}/refuse"
    return await city.http.post(url, json={"reason": "nobody knows them"})


async def test_anybody_registers_and_gets_nothing_until_approved(city: City) -> None:
    before = (await city.policy())["revision"]
    made = await registered(city)
    assert made["registration_state"] == "pending"
    waiting = await token_of(city, made)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "unauthorized_client")
    assert (await city.policy())["revision"] == before, "and costs the gateways nothing"

    approved = await approve(city, made)
    assert (approved.status_code, approved.json()["state"]) == (200, "active")
    assert (await token_of(city, made)).json()["scope"] == "mobility:read parks:read"
    assert made["client_id"] in (await city.policy())["clients"]


async def test_its_credentials_are_checked_all_the_same(small_city: City) -> None:
    made = await registered(small_city)
    wrong = await token_of(small_city, {**made, "client_secret": "wrong"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


async def test_nobody_is_redirected_to_who_was_not_approved(small_city: City) -> None:
    """An open redirector otherwise: register, and link to the city's own address."""
    made = await registered(small_city, APP)
    urls = [
        authorize_url(client_id=made["client_id"], **changes)
        for changes in ({}, {"scope": "x"}, {"redirect_uri": ""}, {"prompt": "none"})
    ]
    urls.append(authorize_url(client_id=made["client_id"], response_type="token"))
    async with small_city.browser() as browser:
        answers = [await browser.get(url) for url in urls]
        assert [one.status_code for one in answers] == [400] * 5
        assert not any("location" in one.headers for one in answers)
        await approve(small_city, made)
        assert (await browser.get(urls[0])).status_code == 200


@pytest.mark.parametrize(
    "scope", ["operator:clients", "audit:read", "entities:personal", "events:publish-city"]
)
async def test_what_operators_give_cannot_be_registered_for(small_city: City, scope: str) -> None:
    answer = await small_city.http.post("/oauth/register", json={**MACHINE, "scope": scope})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_an_approval_can_only_narrow(small_city: City) -> None:
    made = await registered(small_city, {**MACHINE, "purposes": ["care", "payment"]})
    for more in ({"scope": "mobility:read medical:read"}, {"purposes": ["schooling"]}):
        assert (await approve(small_city, made, **more)).status_code == 422
    narrowed = await approve(
        small_city,
        made,
        scope="mobility:read",
        purposes=["payment"],
        client_class="service",
        rate=[5, 1],
        quota=100,
    )
    found = narrowed.json()
    assert (found["scope"], found["purposes"], found["quota"]) == (
        "mobility:read",
        ["payment"],
        100,
    )
    assert (found["client_class"], found["rate"]) == ("service", [5, 1])
    assert (await token_of(small_city, made)).json()["scope"] == "mobility:read"


async def test_who_is_refused_stays_out(small_city: City) -> None:
    made = await registered(small_city)
    assert (await refuse(small_city, made)).json()["state"] == "refused"
    assert (await token_of(small_city, made)).json()["error"] == "invalid_client"
    for again in (approve, refuse):
        assert (await again(small_city, made)).status_code == 409
    events = (await small_city.http.get("/audit/v1/events")).json()
    text = str(events)
    assert "client.refuse" in text
    assert "nobody knows them" in text


async def test_who_is_not_approved_is_forgotten_after_a_month(small_city: City) -> None:
    pending, refused, kept = [await registered(small_city) for _ in range(3)]
    await refuse(small_city, refused)
    await approve(small_city, kept)
    small_city.clock.advance(31 * 86_400)
    await Housekeeper(small_city.control).tidy()
    listed = (await small_city.http.get("/control/v1/clients")).json()
    known = {one["client_id"] for one in listed}
    assert known & {one["client_id"] for one in (pending, refused, kept)} == {kept["client_id"]}


async def test_only_so_many_wait(small_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "MOST_PENDING", 1)
    await registered(small_city)
    assert (await small_city.http.post("/oauth/register", json=MACHINE)).status_code == 503
