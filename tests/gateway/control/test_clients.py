"""Registering, changing and suspending clients."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gateway.control import tables
from tests.gateway.control.city import CALLBACK, City

APP = {"grant_types": ["authorization_code"], "redirect_uris": [CALLBACK]}


async def test_a_registered_client_gets_its_secret_once_and_a_token(city: City) -> None:
    made = await city.http.post(
        "/control/v1/clients",
        json={"client_name": "Maps", "scope": "mobility:read", "client_class": "service"},
    )
    body = made.json()
    assert made.status_code == 201
    token = await city.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(body["client_id"], body["client_secret"]),
    )
    assert token.json()["scope"] == "mobility:read"
    listed = (await city.http.get("/control/v1/clients")).json()
    (found,) = [one for one in listed if one["client_id"] == body["client_id"]]
    assert found == {name: value for name, value in body.items() if name != "client_secret"}
    async with city.control.store.read() as connection:
        stored = (await connection.execute(select(tables.clients.c.secret_hash))).scalars().all()
    assert body["client_secret"] not in stored


async def test_registration_answers_as_rfc_7591(city: City) -> None:
    answer = await city.http.post("/oauth/register", json={**APP, "client_name": "App", "x": 1})
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert body["client_id_issued_at"] == int(city.clock.now.timestamp())
    assert body["client_secret_expires_at"] == 0
    assert body["redirect_uris"] == [CALLBACK]
    assert body["response_types"] == ["code"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/cb",
        "https://app.example/cb#x",
        "https://user@app.example/cb",
        "https:///cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "https://*.example/cb",
        "https://app.example/c b",
        "https://あ.example/cb",
        "//app.example/cb",
        "https://app.example/" + "a" * 2000,
    ],
)
async def test_unsafe_redirect_uris_are_not_registered(small_city: City, uri: str) -> None:
    answer = await small_city.http.post("/oauth/register", json={**APP, "redirect_uris": [uri]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8080/cb", "http://[::1]/cb", "com.example:/cb"])
async def test_native_apps_may_use_loopback_and_their_own_scheme(
    small_city: City, uri: str
) -> None:
    answer = await small_city.http.post("/oauth/register", json={**APP, "redirect_uris": [uri]})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["authorization_code"]},
        {"grant_types": ["implicit"]},
        {"grant_types": []},
        {"grant_types": ["client_credentials", "refresh_token"]},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"scope": "everything"},
        {"client_name": "x" * 201},
        [],
        "x",
    ],
)
async def test_metadata_that_makes_no_sense_is_refused(small_city: City, metadata: Any) -> None:
    answer = await small_city.http.post("/oauth/register", json=metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert (await small_city.http.post("/control/v1/clients", json=metadata)).status_code == 422


async def test_scopes_and_rate_can_be_changed(small_city: City) -> None:
    url = "/control/v1/clients/machine"
    changed = await small_city.http.patch(url, json={"scope": "parks:read", "rate": [5, 1]})
    assert (changed.json()["scope"], changed.json()["rate"]) == ("parks:read", [5, 1])
    assert (await small_city.policy())["clients"]["machine"]["rate"] == {
        "requests": 5,
        "seconds": 1,
    }
    bad = await small_city.http.patch(url, json={"scope": "bad"})
    counted = await small_city.http.patch(url, json={"quota": 1_000})
    assert (counted.json()["rate"], counted.json()["quota"]) == ([5, 1], 1_000)
    assert (await small_city.policy())["clients"]["machine"]["quota"] == 1_000
    await small_city.http.patch(url, json={"quota": 0})
    assert "quota" not in (await small_city.policy())["clients"]["machine"]
    zero = await small_city.http.patch(url, json={"rate": [0, 1]})
    nobody = await small_city.http.patch("/control/v1/clients/nobody", json={})
    assert [bad.status_code, zero.status_code, nobody.status_code] == [422, 422, 404]


async def test_operators_operations_ask_for_operators_scopes(small_city: City) -> None:
    routes = (await small_city.policy())["routes"]
    control = [route for route in routes if route["path"].startswith("/control/v1/")]
    assert len(control) >= 11
    assert {scope.partition(":")[0] for r in control for some in r["scopes"] for scope in some} == {
        "operator"
    }
    open_routes = {route["path"] for route in routes if route["access"] == "open"}
    assert all(
        path.startswith(
            (
                *("/oauth/", "/.well-known/", "/catalogue/", "/audit/"),
                *("/my", "/staff/", "/transparency/", "/openapi.json"),
                *("/assets/", "/developers", "/console"),
            )
        )
        for path in open_routes - {"/"}
    )
    assert "/oauth/register" in open_routes, "and worth nothing until an operator approves"
