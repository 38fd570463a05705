"""Pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.gateway.control.city import (
    SECRET,
    City,
    authorize_url,
    decide,
    query_of,
    sign_in,
)

PARAMETERS = dict(parse_qsl(urlsplit(authorize_url()).query))


async def push(city: City, auth: Any = ("app", SECRET), **changes: str) -> httpx.Response:
    form = {name: value for name, value in {**PARAMETERS, **changes}.items() if value}
    return await city.http.post("/oauth/par", data=form, auth=auth)


def page(answer: httpx.Response, **changes: str) -> str:
    query = {"client_id": "app", "request_uri": answer.json()["request_uri"], **changes}
    return f"/oauth/authorize?{urlencode(query)}"


async def test_a_pushed_request_leads_to_a_code_that_is_redeemed(city: City) -> None:
    pushed = await push(city)
    assert pushed.status_code == 201
    assert pushed.headers["cache-control"] == "no-store"
    assert pushed.json()["expires_in"] == 600
    assert pushed.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    async with city.browser() as browser:
        url = page(pushed)
        await sign_in(browser, url)
        answer = await decide(browser, url, "allow")
    assert query_of(answer)["state"] == PARAMETERS["state"]
    tokens = await city.redeem(query_of(answer)["code"])
    assert tokens.json()["scope"] == "medical:read"


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_a_reference_is_spent_by_the_residents_decision(city: City, decision: str) -> None:
    url = page(await push(city))
    async with city.browser() as browser:
        await sign_in(browser, url)
        assert (await browser.get(url)).status_code == 200, "looking at the page spends nothing"
        assert (await decide(browser, url, decision)).status_code == 303
        again = await browser.get(url)
    assert again.status_code == 400
    assert "location" not in again.headers


async def test_what_stands_beside_the_reference_does_not_count(small_city: City) -> None:
    url = page(await push(small_city), scope="medical:read mobility:read", state="another")
    async with small_city.browser() as browser:
        await sign_in(browser, url)
        answer = await decide(browser, url, "allow")
    assert query_of(answer)["state"] == PARAMETERS["state"]
    tokens = await small_city.redeem(query_of(answer)["code"])
    assert tokens.json()["scope"] == "medical:read"


async def test_a_reference_is_of_one_client_and_does_not_last(small_city: City) -> None:
    pushed = await push(small_city)
    assert (await small_city.http.get(page(pushed, client_id="spa"))).status_code == 400
    nobodys = page(pushed, request_uri="urn:ietf:params:oauth:request_uri:nothing")
    assert (await small_city.http.get(nobodys)).status_code == 400
    bare = page(pushed, request_uri=pushed.json()["request_uri"].rpartition(":")[2])
    assert (await small_city.http.get(bare)).status_code == 400
    small_city.clock.advance(599)
    assert (await small_city.http.get(page(pushed))).status_code == 200
    small_city.clock.advance(1)
    assert (await small_city.http.get(page(pushed))).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "operator:keys"}, "invalid_scope"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"client_id": "spa"}, "invalid_request"),
        ({"scope": "medical:read\x7f"}, "invalid_request"),
    ],
)
async def test_what_the_page_would_refuse_is_refused_to_the_client(
    small_city: City, changes: dict[str, str], error: str
) -> None:
    answer = await push(small_city, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


async def test_a_client_that_does_not_authenticate_pushes_nothing(small_city: City) -> None:
    wrong = await push(small_city, auth=("app", "wrong"))
    assert wrong.status_code == 401
    assert wrong.json()["error"] == "invalid_client"
    assert (await push(small_city, auth=None)).status_code == 401
    public = await push(
        small_city, auth=None, client_id="spa", redirect_uri="https://spa.example/cb"
    )
    assert public.status_code == 201, "a public client has nothing to authenticate with"


async def test_the_endpoint_is_in_the_metadata(small_city: City) -> None:
    found = (await small_city.http.get("/.well-known/oauth-authorization-server")).json()
    assert found["pushed_authorization_request_endpoint"].endswith("/oauth/par")
