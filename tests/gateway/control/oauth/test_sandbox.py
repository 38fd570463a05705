"""The sandbox: there at once, and for that reason of nobody, of nothing, and for good."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from gateway.control import tables
from gateway.control.oauth import clients, sandbox
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.territory import territory
from tests.gateway.control.city import (
    BOOTSTRAP,
    CALLBACK,
    PASSWORD,
    SECRET,
    City,
    authorize_url,
    csrf_of,
    decide,
    form_of,
    query_of,
)
from tests.gateway.control.consent.apis import CLIENTS, app, ask, caring_city, compiled, detail
from tests.gateway.control.oauth.test_token_exchange import ACTING, exchange

MANAGEMENT = "management-token-management-token"
SYNTHETIC = {"username": "momo", "password": PASSWORD, "name": "桃", "synthetic": True}
OTHERS = ["operator:clients", "audit:read", "medical:link", "events:publish", "entities:personal"]
OPERATOR = {
    "client_id": "operator",
    "client_secret": SECRET,
    "client_class": "operator",
    "scopes": ["operator:disclose", "operator:emergency"],
}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    bootstrap = {
        "clients": [*CLIENTS, app("cars", **ACTING), OPERATOR],
        "residents": [*BOOTSTRAP["residents"], SYNTHETIC],
    }
    async with caring_city(tmp_path, bootstrap=bootstrap) as found:
        await _add(found, "trial", grant_types=["authorization_code", "refresh_token"])
        await _add(found, "robot", grant_types=["client_credentials"])
        await _add(found, "helper", grant_types=ACTING["grant_types"])
        yield found


async def _add(city: City, client_id: str, **more: Any) -> None:
    """A sandbox application, in the store as an attacker would like it to be: with all scopes."""
    metadata = ClientMetadata(
        client_name=client_id,
        scope=" ".join(["medical:appointments", "mobility:read", *OTHERS]),
        redirect_uris=[CALLBACK],
        **more,
    )
    made, _ = make_client(
        metadata, city.control.secrets, 0, client_id=client_id, client_secret=SECRET,
        rate=sandbox.RATE, quota=sandbox.QUOTA,
    )  # fmt: skip
    hashed = city.control.secrets.hash(MANAGEMENT)
    made = replace(made, sandbox=True, owner="s-1", management_hash=hashed)
    async with city.control.change() as connection:
        await clients.add(connection, made)


def url(**changes: str) -> str:
    return ask(client_id="trial", **changes)


async def sign_in_as(browser: httpx.AsyncClient, username: str, address: str) -> httpx.Response:
    page = await browser.get(address)
    form = {"csrf": csrf_of(page), "username": username, "password": PASSWORD}
    return await browser.post(address, data={**form, "decision": "sign-in"})


async def given(city: City) -> dict[str, Any]:
    """The tokens that the sandbox application has of the synthetic resident."""
    async with city.browser() as browser:
        await sign_in_as(browser, "momo", url())
        code = query_of(await decide(browser, url(), "allow"))["code"]
    found: dict[str, Any] = (await city.redeem(code, "trial")).json()
    return found


def api(access: str, legal_class: str = "open", scope: str = "parks:read") -> list[CompiledApi]:
    info = {"access": access, "dataset": "ponds", **({"subject": "who"} if "l" in access else {})}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "parks", "version": "1"},
        "components": {"securitySchemes": {"city": {"type": "oauth2", "flows": {}}}},
        "x-city": {
            "domain": "parks",
            "datasets": [{"id": "ponds", "title": "P", "titleJa": "池", "legalClass": legal_class}],
        },
        "paths": {
            "/parks/v1/ponds/{who}": {
                "parameters": [{"name": "who", "in": "path"}],
                "get": {"operationId": "ponds", "security": [{"city": [scope]}], "x-city": info},
            }
        },
    }
    found = compile_api(json.dumps(document).encode(), territory("parks", internal=True))
    assert not found.faults, found.faults
    return [found]


@pytest.mark.parametrize(
    ("apis", "helps_itself"),
    [
        (api("scoped"), True),
        (api("scoped", "anonymised"), True),
        (api("scoped", "pseudonymised"), False),
        (api("scoped", "person-related"), False),
        (api("scoped", scope="parks:ingest"), False),
        (api("personal", "personal"), True),
        (api("personal", "personal", scope="parks:swim"), True),
    ],
)
def test_what_anybody_may_help_themselves_to(apis: list[CompiledApi], helps_itself: bool) -> None:
    scopes = sandbox.self_service(apis)
    assert bool(scopes & {"parks:read", "parks:ingest", "parks:swim"}) == helps_itself


def test_nobody_helps_themselves_to_what_operators_give(own_scopes: set[str]) -> None:
    own = sandbox.self_service(compiled())
    assert own >= {"medical:appointments", "mobility:read", "openid", "profile"}
    assert not own & own_scopes
    assert sandbox.beyond(OTHERS, compiled()) == sorted(OTHERS)


@pytest.fixture
def own_scopes() -> set[str]:
    return {*OTHERS, "events:register", "events:personal", "operator:staff"}


async def test_a_token_has_no_other_scopes_whatever_is_registered(city: City) -> None:
    answer = await city.token("robot")
    assert answer.json()["scope"] == "medical:appointments mobility:read"
    for scope in OTHERS:
        refused = await city.token("robot", scope=scope)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


async def test_a_synthetic_resident_can_be_acted_for(city: City) -> None:
    body = await given(city)
    assert body["scope"] == "medical:appointments"
    fresh = await city.http.post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": body["refresh_token"]},
        auth=("trial", SECRET),
    )
    assert fresh.status_code == 200, fresh.text


@pytest.mark.parametrize("pushed", [False, True])
async def test_a_real_resident_cannot_be_acted_for(city: City, pushed: bool) -> None:
    address = url()
    if pushed:
        asked = dict(httpx.URL(address).params)
        answer = await city.http.post("/oauth/par", data=asked, auth=("trial", SECRET))
        uri = answer.json()["request_uri"]
        address = str(
            httpx.URL("/oauth/authorize", params={"client_id": "trial", "request_uri": uri})
        )
    async with city.browser() as browser:
        page = await browser.get(address)
        assert "サンドボックス" in page.text
        signed = await sign_in_as(browser, "hanako", address)
        again = await browser.get(signed.headers["location"])
        assert 'name="password"' in again.text, "it is still the page that asks who is there"
        forced = await browser.post(address, data={**form_of(again), "decision": "allow"})
    assert "location" not in forced.headers
    async with city.control.store.read() as connection:
        assert (await connection.execute(tables.grants.select())).all() == []


async def test_nobody_is_sent_away_before_a_synthetic_resident_is_there(city: City) -> None:
    """An open redirector otherwise: make an application, and link to the city's own address."""
    wrong = [url(scope="mobility:nothing"), url(prompt="none"), url(response_type="token")]
    async with city.browser() as browser:
        for address in wrong:
            answer = await browser.get(address)
            assert (answer.status_code, "location" in answer.headers) == (400, False)
        await sign_in_as(browser, "hanako", authorize_url())
        assert "location" not in (await browser.get(wrong[0])).headers
        await sign_in_as(browser, "momo", url())
        assert query_of(await browser.get(wrong[0]))["error"] == "invalid_scope"


async def test_who_is_no_longer_synthetic_is_acted_for_no_longer(city: City) -> None:
    body = await given(city)
    async with city.control.store.write() as connection:
        await connection.execute(update(tables.residents).values(synthetic=False))
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    answer = await city.http.post("/oauth/token", data=form, auth=("trial", SECRET))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_live_and_sandbox_name_no_recipients_of_each_other(city: City) -> None:
    for client_id, recipient in (("app", "helper"), ("trial", "cars")):
        async with city.browser() as browser:
            address = ask(detail(recipients=[recipient]), client_id=client_id)
            await sign_in_as(browser, "momo", url())
            sent = query_of(await browser.get(address))
        assert sent["error"] == "invalid_authorization_details"


async def test_a_sandbox_service_exchanges_no_token_of_a_real_resident(city: City) -> None:
    async with city.browser() as browser:
        address = ask(detail(recipients=["cars"]))
        await sign_in_as(browser, "hanako", address)
        code = query_of(await decide(browser, address, "allow"))["code"]
    token = (await city.redeem(code)).json()["access_token"]
    # as if it had been named: not even then
    async with city.control.store.write() as connection:
        await connection.execute(update(tables.consents).values(recipients='["helper"]'))
    answer = await exchange(city, token, "helper")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_nothing_is_disclosed_to_it_in_an_emergency(city: City) -> None:
    until = city.clock.now.timestamp() + 600
    body = {"reason": "Earthquake", "until": until, "level": "severe"}
    await city.http.post("/control/v1/emergency", json=body, headers={"x-city-client": "operator"})
    wanted = {
        "who": {"domain": "medical", "localId": "patient-7"},
        "datasets": ["appointments"],
        "reason": "Unconscious after the earthquake",
    }
    answer = await city.http.post(
        "/control/v1/emergency/disclosures", json=wanted, headers={"x-city-client": "robot"}
    )
    assert (answer.status_code, "calling client" in answer.text) == (404, True)


async def put(city: City, **changes: Any) -> httpx.Response:
    held = {
        "client_id": "robot",
        "client_name": "robot",
        "scope": "mobility:read",
        "client_secret": SECRET,
    }
    headers = {"authorization": f"Bearer {MANAGEMENT}"}
    return await city.http.put("/oauth/register/robot", json={**held, **changes}, headers=headers)


@pytest.mark.parametrize("scope", OTHERS)
async def test_it_cannot_raise_itself(city: City, scope: str) -> None:
    answer = await put(city, scope=f"mobility:read {scope}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_it_changes_itself_at_once_and_stays_what_it_is(city: City) -> None:
    more = {"sandbox": False, "rate": [9999, 1], "quota": 0, "client_class": "operator"}
    answer = await put(city, client_name="Renamed", scope="medical:read", **more)
    assert answer.json()["registration_state"] == "active", "no operator is bothered"
    listed = (await city.http.get("/control/v1/clients")).json()
    (robot,) = [one for one in listed if one["client_id"] == "robot"]
    assert (robot["client_name"], robot["scope"]) == ("Renamed", "medical:read")
    assert (robot["sandbox"], robot["owner"], robot["client_class"]) == (True, "s-1", "partner")
    assert (robot["rate"], robot["quota"]) == (list(sandbox.RATE), sandbox.QUOTA)


async def test_an_operator_does_not_raise_it_either(city: City) -> None:
    answer = await city.http.patch(
        "/control/v1/clients/robot", json={"scope": "mobility:read events:publish"}
    )
    assert answer.status_code == 422
    assert "events:publish" in answer.text


async def test_nobody_registers_into_the_sandbox_by_saying_so(city: City) -> None:
    wanted = {"client_name": "Sly", "scope": "mobility:read", "sandbox": True, "owner": "s-1"}
    made = (await city.http.post("/oauth/register", json=wanted)).json()
    assert made["registration_state"] == "pending"
    listed = (await city.http.get("/control/v1/clients")).json()
    (sly,) = [one for one in listed if one["client_id"] == made["client_id"]]
    assert (sly["sandbox"], sly["owner"], sly["asked"]) == (False, "", "mobility:read")
