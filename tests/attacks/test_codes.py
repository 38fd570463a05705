"""Attacks on the way from the resident's browser to the app's tokens (RFC 9700, RFC 6819)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from schemas.policy import CLAIM_GRANT
from tests.gateway.control.city import (
    CALLBACK,
    CHALLENGE,
    PUBLIC,
    SECRET,
    VERIFIER,
    City,
    authorize_url,
    decide,
    query_of,
    sign_in,
)
from tests.gateway.control.test_pushed import push

OTHER_APP = {"client_id": "spa", "redirect_uri": "https://spa.example/cb"}


async def test_a_replayed_code_ends_all_that_came_of_it(small_city: City) -> None:
    """RFC 6749 §4.1.2: also what the app has refreshed in the meantime."""
    code = await small_city.code()
    first = (await small_city.redeem(code)).json()
    second = (await small_city.refresh(first["refresh_token"])).json()
    replay = await small_city.redeem(code)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await small_city.refresh(second["refresh_token"])).status_code == 400
    gid = (await small_city.claims(second["access_token"]))[CLAIM_GRANT]
    assert gid in (await small_city.policy())["revoked"]["families"]


async def test_a_stolen_code_is_worth_nothing_to_another_app(small_city: City) -> None:
    """Code injection: neither with the thief's own proof nor with its own redirect URI."""
    code = await small_city.code()
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    for redirect_uri in (CALLBACK, OTHER_APP["redirect_uri"]):
        stolen = {**form, "client_id": "spa", "redirect_uri": redirect_uri}
        answer = await small_city.http.post("/oauth/token", data=stolen)
        assert answer.json()["error"] == "invalid_grant"
    assert (await small_city.redeem(code)).status_code == 200, "the theft has harmed nobody"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge_method": ""},
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge": "", "code_challenge_method": "S256"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
    ],
)
@pytest.mark.parametrize("way", ["page", "pushed"])
async def test_pkce_cannot_be_talked_down(
    small_city: City, changes: dict[str, str], way: str
) -> None:
    """RFC 9700 §2.1.1: without S256 there is no code, for confidential clients neither."""
    if way == "pushed":
        assert (await push(small_city, **changes)).json()["error"] == "invalid_request"
        return
    async with small_city.browser() as browser:
        answer = await browser.get(authorize_url(**changes))
    assert query_of(answer)["error"] == "invalid_request"
    assert "code" not in query_of(answer)


@pytest.mark.parametrize("verifier", ["", CHALLENGE.decode(), "w" * 43, VERIFIER[:-1], "v" * 129])
async def test_a_code_needs_the_very_proof_it_was_asked_with(
    small_city: City, verifier: str
) -> None:
    answer = await small_city.redeem(await small_city.code(), code_verifier=verifier)
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


@pytest.mark.parametrize("decision", ["allow", "deny", "wrong scope"])
async def test_every_answer_says_which_server_it_is_from(small_city: City, decision: str) -> None:
    """Mix-up (RFC 9207): an app that talks to two servers knows whose answer it holds."""
    url = authorize_url(**({"scope": "operator:apis"} if decision == "wrong scope" else {}))
    async with small_city.browser() as browser:
        answer = await browser.get(url)
        if decision != "wrong scope":
            await sign_in(browser, url)
            answer = await decide(browser, url, decision)
    assert query_of(answer)["iss"] == PUBLIC
    metadata = (await small_city.http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == PUBLIC
    assert metadata["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/callback",
        "https://evil.example/?https://app.example/callback",
        "https://app.example.evil.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example:443@evil.example/callback",
        "https://app.example\\@evil.example/callback",
        "https://evil.example#https://app.example/callback",
        "https://evil.example%2f@app.example/callback",
        "https://app.example:8443/callback",
        "http://app.example/callback",
        "//app.example/callback",
        "/callback",
        "https://APP.example/callback",
        "https://app.example/callback/",
        "https://app.example/callback/..;/evil",
        "https://app.example/callback/%2e%2e/evil",
        "https://app.example/callback?next=https://evil.example",
        "https://app.example/callback#fragment",
        "https://app.example/callback%00.evil.example",
        "https://app.example/callback\thttps://evil.example",
        "https://аpp.example/callback",  # with a Cyrillic letter
        "https://app.example/callback https://evil.example",
        "javascript:alert(1)//https://app.example/callback",
        "data:text/html,<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize("way", ["page", "pushed"])
async def test_an_answer_goes_nowhere_but_to_the_registered_address(
    small_city: City, target: str, way: str
) -> None:
    """RFC 9700 §2.1: compared as a whole, by each character; an error is no redirect either."""
    if way == "pushed":
        answer = await push(small_city, redirect_uri=target)
    else:
        async with small_city.browser() as browser:
            answer = await browser.get(authorize_url(redirect_uri=target))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert way == "pushed" or "<script>" not in answer.text


async def test_of_two_addresses_in_one_request_none_counts(small_city: City) -> None:
    """Parameter pollution: what one parser overlooks another would take."""
    for twice in ("redirect_uri=https%3A%2F%2Fevil.example", "client_id=spa", "scope=x", "state=x"):
        async with small_city.browser() as browser:
            answer = await browser.get(f"{authorize_url()}&{twice}")
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "more",
    [
        {"request_uri": "https://evil.example/request.jwt"},
        {"request_uri": "http://169.254.169.254/latest"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:guess"},
        {"request": "eyJhbGciOiJub25lIn0.e30."},
        {"response_mode": "fragment"},
        {"response_mode": "web_message"},
        {"response_type": "code token"},
        {"response_type": "id_token"},
    ],
)
async def test_no_parameter_brings_in_another_request_or_way_back(
    small_city: City, more: dict[str, str]
) -> None:
    """A request object that is unsigned or fetched elsewhere would undo every other check."""
    async with small_city.browser() as browser:
        url = authorize_url(**more)
        await _try_sign_in(browser, url)
        answer = await browser.get(url)
        if answer.status_code == 200:  # what is not known is not taken into account
            answer = await decide(browser, url, "allow")
    location = urlsplit(answer.headers.get("location", ""))
    assert not location.fragment
    assert f"{location.scheme}://{location.netloc}" in {"https://app.example", "://"}
    assert small_city.network.calls == []


async def _try_sign_in(browser: Any, url: str) -> None:
    if (await browser.get(url)).status_code == 200:
        await sign_in(browser, url)


async def test_a_page_asked_for_twice_at_once_gives_each_its_own_code(small_city: City) -> None:
    """Two tabs: neither's answer can be redeemed with the other's proof."""
    other = "b" * 43
    async with small_city.browser() as browser:
        first, second = authorize_url(), authorize_url(code_challenge=other)
        await sign_in(browser, first)
        codes = [query_of(await decide(browser, url, "allow"))["code"] for url in (first, second)]
    assert codes[0] != codes[1]
    assert (await small_city.redeem(codes[1])).json()["error"] == "invalid_grant"
    assert (await small_city.redeem(codes[0])).status_code == 200


async def test_secrets_are_not_taken_from_addresses(small_city: City) -> None:
    """RFC 6749 §2.3.1: what stands in a URL is in histories and logs."""
    code = await small_city.code()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "app",
        "client_secret": SECRET,
    }
    by_query = await small_city.http.post(f"/oauth/token?{urlencode(form)}")
    assert by_query.status_code in {400, 401}
    in_the_form = await small_city.http.post("/oauth/token", data=form)
    assert in_the_form.json()["error"] == "invalid_client"
    assert (await small_city.http.get(f"/oauth/token?{urlencode(form)}")).status_code == 405
