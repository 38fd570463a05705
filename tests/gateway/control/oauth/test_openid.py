"""OpenID Connect: who has signed in, and when they must do so again."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws

from gateway.control import residents
from gateway.control.residents import Resident
from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import (
    BOOTSTRAP,
    CALLBACK,
    MASTER,
    PASSWORD,
    PUBLIC,
    SECRET,
    VERIFIER,
    City,
    authorize_url,
    csrf_of,
    decide,
    query_of,
    running,
    sign_in,
)
from tests.gateway.control.identity.test_safety import code_of, set_up
from tests.gateway.control.oauth.prover import Prover

USERINFO = f"{PUBLIC}/oauth/userinfo"
SPA = "https://spa.example/cb"


@pytest.fixture
async def openid(tmp_path: Path) -> AsyncIterator[City]:
    """A city whose apps may ask who somebody is, and where somebody else lives too."""
    clients = [
        {**client, "scopes": ["openid", "profile", *client["scopes"]]}
        for client in BOOTSTRAP["clients"]
    ]
    taro = {"username": "taro", "password": PASSWORD, "name": "太郎"}
    residents = [*BOOTSTRAP["residents"], taro]
    bootstrap = {**BOOTSTRAP, "clients": clients, "residents": residents}
    async with running(tmp_path, bootstrap=bootstrap) as city:
        yield city


async def tokens(city: City, scope: str = "openid", **changes: str) -> dict[str, Any]:
    answer = await city.redeem(await city.code(scope=scope, **changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def page_asks_to_sign_in(page: httpx.Response) -> bool:
    return 'name="password"' in page.text


async def sign_in_at(
    browser: httpx.AsyncClient, url: str, who: str = "hanako", code: str = ""
) -> httpx.Response:
    """Sign in, and go where the browser is sent."""
    page = await browser.get(url)
    form = {"csrf": csrf_of(page), "username": who, "password": PASSWORD, "code": code}
    answer = await browser.post(url, data={**form, "decision": "sign-in"})
    return await browser.get(answer.headers["location"])


# ID tokens (Core §2)


async def test_an_id_token_says_who_signed_in_when_and_how(openid: City) -> None:
    began = int(openid.clock.now.timestamp())
    found = await tokens(openid, nonce="n-0S6")
    access, claims = [await openid.claims(found[name]) for name in ("access_token", "id_token")]
    header = jws.extract_compact(found["id_token"].encode()).headers()
    half = hashlib.sha256(found["access_token"].encode()).digest()[:16]
    assert (header["typ"], header["alg"]) == ("JWT", "ES256")
    assert claims == {
        "iss": PUBLIC,
        "aud": "app",
        "sub": access["sub"],
        "iat": began,
        "exp": began + 600,
        "auth_time": began,
        "acr": "urn:supercity:aal:1",
        "amr": ["pwd"],
        "ial": 1,
        "nonce": "n-0S6",
        "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
    }
    signed_in = {name: access[name] for name in ("auth_time", "acr", "amr")}
    assert signed_in == {name: claims[name] for name in signed_in}, "RFC 9068 §2.2.1"


async def test_auth_time_is_of_the_sign_in_not_of_the_token(openid: City) -> None:
    began = int(openid.clock.now.timestamp())
    async with openid.browser() as browser:
        url = authorize_url(scope="openid")
        await sign_in(browser, url)
        openid.clock.advance(1_000)
        code = query_of(await decide(browser, url, "allow"))["code"]
    first = (await openid.redeem(code)).json()
    openid.clock.advance(700)
    second = (await openid.refresh(first["refresh_token"])).json()
    claims = [await openid.claims(one["id_token"]) for one in (first, second)]
    assert [one["auth_time"] for one in claims] == [began, began]
    assert claims[0]["sub"] == claims[1]["sub"]


async def test_a_refresh_repeats_no_nonce(openid: City) -> None:
    """Core §12.2."""
    first = await tokens(openid, nonce="n")
    second = (await openid.refresh(first["refresh_token"])).json()
    assert "nonce" not in await openid.claims(second["id_token"])


async def test_without_the_scope_there_is_no_id_token(openid: City) -> None:
    assert "id_token" not in await tokens(openid, "medical:read")


async def test_an_id_token_is_no_access_token(openid: City) -> None:
    found = await tokens(openid)
    answer = await openid.http.get(
        USERINFO, headers={"authorization": f"Bearer {found['id_token']}"}
    )
    assert answer.status_code == 401


async def test_a_machine_is_nobody(openid: City) -> None:
    everything = (await openid.token()).json()
    assert everything["scope"] == "disaster:read mobility:read"
    assert (await openid.token(scope="openid")).json()["error"] == "invalid_scope"


# UserInfo (Core §5.3)


async def user_info(city: City, token: str, method: str = "GET") -> httpx.Response:
    return await city.http.request(method, USERINFO, headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_user_info_gives_the_name_only_when_it_was_asked_for(
    openid: City, method: str
) -> None:
    plain, profile = await tokens(openid), await tokens(openid, "openid profile")
    sub = (await openid.claims(plain["access_token"]))["sub"]
    first, second = [
        await user_info(openid, one["access_token"], method) for one in (plain, profile)
    ]
    assert first.json() == {"sub": sub}
    assert second.json() == {"sub": sub, "name": "花子"}
    assert first.headers["cache-control"] == "no-store"


async def test_a_name_that_is_handed_over_is_audited(openid: City) -> None:
    for scope in ("openid", "openid profile"):
        found = await user_info(openid, (await tokens(openid, scope))["access_token"])
        assert found.status_code == 200
    events = (await openid.http.get("/audit/v1/events")).json()
    (told,) = [one for one in events if one["action"] == "data.access"]
    given = next(one for one in events if one["action"] == "consent.give")
    assert (told["client"], told["detail"]["fields"]) == ("app", ["name"])
    assert told["subject"] == given["subject"] != ""


async def test_the_page_says_what_of_an_identity_is_asked_for(openid: City) -> None:
    url = authorize_url(scope="openid profile")
    async with openid.browser() as browser:
        await sign_in(browser, url)
        page, english = await browser.get(url), await browser.get(url + "&ui_locales=en")
    assert "氏名" in page.text
    assert "your name" in english.text


async def test_user_info_refuses_with_a_challenge(openid: City) -> None:
    """RFC 6750 §3: no error code for who sent no token; RFC 9728 §5.1: where to get one."""
    medical = await tokens(openid, "medical:read")
    gone = await tokens(openid)
    await openid.http.post(
        "/oauth/revoke", data={"token": gone["refresh_token"]}, auth=("app", SECRET)
    )
    nothing = await openid.http.get(USERINFO)
    wrong = await user_info(openid, "x")
    revoked = await user_info(openid, gone["access_token"])
    other = await user_info(openid, medical["access_token"])
    machine = await user_info(openid, (await openid.token()).json()["access_token"])
    statuses = [one.status_code for one in (nothing, wrong, revoked, other, machine)]
    assert statuses == [401, 401, 401, 403, 403]
    challenge = nothing.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert "error=" not in challenge
    assert f'resource_metadata="{PUBLIC}/.well-known/oauth-protected-resource"' in challenge
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in other.headers["www-authenticate"]


async def test_user_info_wants_the_proof_of_a_bound_token(openid: City) -> None:
    prover, thief = Prover(openid), Prover(openid)
    code = await openid.code(scope="openid")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answer = await openid.http.post(
        "/oauth/token",
        data={**form, "code_verifier": VERIFIER},
        auth=("app", SECRET),
        headers=prover.headers(),
    )
    token = answer.json()["access_token"]

    async def ask(scheme: str, proof: str = "") -> httpx.Response:
        headers = {"authorization": f"{scheme} {token}", **({"dpop": proof} if proof else {})}
        return await openid.http.get(USERINFO, headers=headers)

    good = prover.proof(USERINFO, "GET", token)
    assert (await ask("DPoP", good)).status_code == 200
    refused = [
        await ask("DPoP", good),
        await ask("DPoP"),
        await ask("Bearer"),
        await ask("Bearer", prover.proof(USERINFO, "GET", token)),
        await ask("DPoP", prover.proof(USERINFO, "GET")),
        await ask("DPoP", prover.proof(USERINFO, "GET", "other")),
        await ask("DPoP", prover.proof(USERINFO, "POST", token)),
        await ask("DPoP", thief.proof(USERINFO, "GET", token)),
    ]
    assert [one.status_code for one in refused] == [401] * len(refused)
    assert all(one.headers["www-authenticate"].startswith("DPoP ") for one in refused)
    unbound = (await tokens(openid))["access_token"]
    headers = {
        "authorization": f"DPoP {unbound}",
        "dpop": prover.proof(USERINFO, "GET", unbound),
    }
    assert (await openid.http.get(USERINFO, headers=headers)).status_code == 401


# prompt, max_age and id_token_hint (Core §3.1.2.1)


async def test_prompt_login_asks_again_and_once(openid: City) -> None:
    async with openid.browser() as browser:
        await sign_in(browser, authorize_url(scope="openid"))
        assert not page_asks_to_sign_in(await browser.get(authorize_url(scope="openid")))
        url = authorize_url(scope="openid", prompt="login")
        assert page_asks_to_sign_in(await browser.get(url))
        openid.clock.advance(100)
        began = int(openid.clock.now.timestamp())
        consent = await sign_in_at(browser, url)
        assert not page_asks_to_sign_in(consent)
        answer = await browser.post(
            str(consent.url), data={"csrf": csrf_of(consent), "decision": "allow"}
        )
    found = (await openid.redeem(query_of(answer)["code"])).json()
    assert (await openid.claims(found["id_token"]))["auth_time"] == began


async def test_the_proof_of_a_new_sign_in_is_of_one_request_and_session(openid: City) -> None:
    url = authorize_url(scope="openid", prompt="login")
    async with openid.browser() as browser, openid.browser() as other:
        consent = await sign_in_at(browser, url)
        proof = httpx.URL(str(consent.url)).params["signed_in"]
        elsewhere = authorize_url(scope="openid medical:read", prompt="login", signed_in=proof)
        assert page_asks_to_sign_in(await browser.get(elsewhere))
        await sign_in(other, authorize_url(scope="openid"))
        assert page_asks_to_sign_in(await other.get(str(consent.url)))
        openid.clock.advance(601)
        assert page_asks_to_sign_in(await browser.get(str(consent.url)))


async def test_a_page_that_asks_for_a_sign_in_gives_nothing_away(openid: City) -> None:
    """Who posts "allow" without the new sign-in is asked for it, and nothing else happens."""
    async with openid.browser() as browser:
        await sign_in(browser, authorize_url(scope="openid"))
        answer = await decide(browser, authorize_url(scope="openid", prompt="login"), "allow")
    assert page_asks_to_sign_in(answer)


@pytest.mark.parametrize(("age", "asks"), [("50", True), ("0", True), ("100", False)])
async def test_max_age_asks_again_when_the_sign_in_is_too_old(
    openid: City, age: str, asks: bool
) -> None:
    async with openid.browser() as browser:
        await sign_in(browser, authorize_url(scope="openid"))
        openid.clock.advance(60)
        url = authorize_url(scope="openid", max_age=age)
        assert page_asks_to_sign_in(await browser.get(url)) is asks
        if asks:
            assert not page_asks_to_sign_in(await sign_in_at(browser, url))


AAL1, AAL2, AAL3 = (f"urn:supercity:aal:{level}" for level in (1, 2, 3))


@pytest.mark.parametrize("values", [AAL1, f"{AAL2} {AAL1}", f"{AAL3} {AAL1} other"])
async def test_a_sign_in_that_is_strong_enough_will_do(openid: City, values: str) -> None:
    async with openid.browser() as browser:
        url = authorize_url(scope="openid", acr_values=values)
        assert not page_asks_to_sign_in(await sign_in_at(browser, url))


async def test_a_stronger_sign_in_is_asked_for_and_missed(openid: City) -> None:
    """RFC 9470 §4."""
    url = authorize_url(scope="openid", acr_values=AAL2)
    async with openid.browser() as browser:
        await sign_in(browser, authorize_url(scope="openid"))
        assert page_asks_to_sign_in(await browser.get(url)), "it may be done better"
        told = query_of(await sign_in_at(browser, url))
        beyond = query_of(await browser.get(authorize_url(scope="openid", acr_values=AAL3)))
    assert told["error"] == beyond["error"] == "unmet_authentication_requirements"


async def test_a_stronger_sign_in_is_asked_for_and_done(openid: City) -> None:
    url = authorize_url(scope="openid", acr_values=AAL2)
    async with openid.browser() as browser:
        key = await set_up(openid, browser)
        assert page_asks_to_sign_in(await browser.get(url))
        consent = await sign_in_at(browser, url, code=code_of(openid, key))
        answer = await browser.post(
            str(consent.url), data={"csrf": csrf_of(consent), "decision": "allow"}
        )
    found = (await openid.redeem(query_of(answer)["code"])).json()
    claims = await openid.claims(found["id_token"])
    assert (claims["acr"], claims["amr"]) == (AAL2, ["pwd", "otp"])


async def test_prompt_none_shows_no_page(openid: City) -> None:
    url = authorize_url(scope="openid", prompt="none")
    async with openid.browser() as browser:
        nobody = query_of(await browser.get(url))
        await sign_in(browser, authorize_url(scope="openid"))
        somebody = query_of(await browser.get(url))
    assert (nobody["error"], somebody["error"]) == ("login_required", "consent_required")
    assert somebody["state"] == "state-of-the-app"
    assert somebody["iss"] == PUBLIC


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "９"}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_done_is_told_to_the_app(
    openid: City, changes: dict[str, str], error: str
) -> None:
    async with openid.browser() as browser:
        sent = query_of(await browser.get(authorize_url(scope="openid", **changes)))
    assert (sent["error"], sent["state"], sent["iss"]) == (error, "state-of-the-app", PUBLIC)


async def test_a_hint_must_be_of_who_signs_in(openid: City) -> None:
    hint = (await tokens(openid))["id_token"]
    openid.clock.advance(3_000)  # an expired one will do
    url = authorize_url(scope="openid", id_token_hint=hint)
    async with openid.browser() as hanako, openid.browser() as taro:
        await sign_in(hanako, authorize_url(scope="openid"))
        assert not page_asks_to_sign_in(await hanako.get(url))
        await sign_in_at(taro, authorize_url(scope="openid"), "taro")
        assert page_asks_to_sign_in(await taro.get(url))
        told = query_of(await sign_in_at(taro, url, "taro"))
        quiet = query_of(await taro.get(authorize_url(id_token_hint=hint, prompt="none")))
    assert told["error"] == quiet["error"] == "login_required"


async def test_a_hint_of_another_app_is_none(openid: City) -> None:
    hint = (await tokens(openid))["id_token"]
    url = {"client_id": "spa", "redirect_uri": SPA, "scope": "openid", "id_token_hint": hint}
    async with openid.browser() as browser:
        assert query_of(await browser.get(authorize_url(**url)))["error"] == "invalid_request"


# discovery


async def test_discovery_says_what_there_is(openid: City) -> None:
    found = (await openid.http.get("/.well-known/openid-configuration")).json()
    plain = (await openid.http.get("/.well-known/oauth-authorization-server")).json()
    assert found == {**found, **plain}
    assert found["issuer"] == PUBLIC
    assert {"openid", "profile"} <= set(found["scopes_supported"])
    assert found["subject_types_supported"] == ["pairwise"]
    assert found["request_uri_parameter_supported"] is False
    paths = set(openid.app.openapi()["paths"])
    endpoints = [url for name, url in found.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) >= 8
    assert all(url.removeprefix(PUBLIC) in paths for url in endpoints)


async def test_the_subject_is_pairwise(openid: City) -> None:
    async with openid.control.store.read() as connection:
        hanako = await residents.find_by_username(connection, "hanako")
    assert isinstance(hanako, Resident)
    claims = await openid.claims((await tokens(openid))["id_token"])
    assert claims["sub"] == Pseudonyms(MASTER).of(hanako.resident_id, "client:app")
