"""Authorization code with PKCE: the pages, and the attacks on them."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from gateway.control.oauth.clients import Client
from gateway.control.pages.texts import TEXTS
from schemas.policy import CLAIM_GRANT, CLAIM_RESIDENT
from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import (
    CALLBACK,
    CHALLENGE,
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
    sign_in,
)


async def test_a_resident_signs_in_allows_and_the_app_gets_tokens(city: City) -> None:
    async with city.browser() as browser:
        url = authorize_url()
        signed_in = await sign_in(browser, url)
        consent = await browser.get(url)
        answer = await decide(browser, url, "allow")
    assert signed_in.status_code == 303
    assert "Booking app" in consent.text
    assert "花子" in consent.text
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    sent = query_of(answer)
    assert (sent["state"], sent["iss"]) == ("state-of-the-app", PUBLIC)

    body = (await city.redeem(sent["code"])).json()
    claims = await city.claims(body["access_token"])
    assert (body["expires_in"], body["scope"]) == (600, "medical:read")
    assert body["refresh_token"]
    assert claims[CLAIM_GRANT]
    resident = Pseudonyms(MASTER).open(claims[CLAIM_RESIDENT], "app")
    assert claims["sub"] == Pseudonyms(MASTER).of(resident, "client:app")


async def test_two_apps_know_a_resident_under_different_names(small_city: City) -> None:
    app = (await small_city.redeem(await small_city.code())).json()
    url = {"client_id": "spa", "redirect_uri": "https://spa.example/cb"}
    form = {
        "grant_type": "authorization_code",
        "client_id": "spa",
        "redirect_uri": "https://spa.example/cb",
        "code": await small_city.code(**url),
        "code_verifier": VERIFIER,
    }
    spa = (await small_city.http.post("/oauth/token", data=form)).json()
    claims = [await small_city.claims(one["access_token"]) for one in (app, spa)]
    assert claims[0]["sub"] != claims[1]["sub"]
    with pytest.raises(ValueError, match="not sealed"):
        Pseudonyms(MASTER).open(claims[0][CLAIM_RESIDENT], "spa")


async def test_no_is_told_to_the_app(small_city: City) -> None:
    async with small_city.browser() as browser:
        url = authorize_url()
        await sign_in(browser, url)
        answer = query_of(await decide(browser, url, "deny"))
    assert answer == answer | {"error": "access_denied", "iss": PUBLIC, "state": "state-of-the-app"}
    assert "code" not in answer


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "https://app.example.evil.example/callback"},
        {"redirect_uri": "https://app.example@evil.example/callback"},
        {"redirect_uri": "https://app.example/callback/../evil"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": 'https://x/"><script>alert(1)</script>'},
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_id": "machine", "redirect_uri": ""},
        {"client_id": "spa", "redirect_uri": ""},
    ],
)
async def test_an_untrusted_redirect_uri_is_never_followed(
    small_city: City, changes: dict[str, str]
) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(authorize_url(**changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "operator:apis"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
    ],
)
async def test_other_mistakes_are_told_to_the_app(
    small_city: City, changes: dict[str, str], error: str
) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(authorize_url(**changes))
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    sent = query_of(answer)
    assert (sent["error"], sent["iss"], sent["state"]) == (error, PUBLIC, "state-of-the-app")


async def test_a_repeated_parameter_is_refused(small_city: City) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(authorize_url() + "&scope=mobility:read")
    assert answer.status_code == 400


async def test_a_code_works_once_and_its_replay_revokes_everything(city: City) -> None:
    code = await city.code()
    first = (await city.redeem(code)).json()
    replay = await city.redeem(code)
    assert replay.json()["error"] == "invalid_grant"
    assert (await city.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    gid = (await city.claims(first["access_token"]))[CLAIM_GRANT]
    assert gid in (await city.policy())["revoked"]["families"]


async def test_of_two_redemptions_at_once_one_wins_and_nothing_stays(city: City) -> None:
    code = await city.code()
    answers = await asyncio.gather(*(city.redeem(code) for _ in range(4)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    lost = [answer.json() for answer in answers if answer.status_code != 200]
    assert len(won) <= 1
    assert {answer["error"] for answer in lost} == {"invalid_grant"}
    for tokens in won:
        assert (await city.refresh(tokens["refresh_token"])).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE.decode()},
        {"redirect_uri": "https://app.example/other"},
        {"redirect_uri": ""},
        {"code": "guess"},
        {"code": ""},
    ],
)
async def test_a_code_without_its_proof_is_worth_nothing(
    small_city: City, changes: dict[str, str]
) -> None:
    code = await small_city.code()
    refused = await small_city.redeem(**{"code": code, **changes})
    assert refused.status_code == 400
    assert refused.json()["error"] in {"invalid_grant", "invalid_request"}
    assert (await small_city.redeem(code)).status_code == 200


async def test_another_client_cannot_redeem_a_code(small_city: City) -> None:
    code = await small_city.code(client_id="spa", redirect_uri="https://spa.example/cb")
    stolen = await small_city.redeem(code, redirect_uri="https://spa.example/cb")
    assert stolen.json()["error"] == "invalid_grant"


async def test_a_code_expires(small_city: City) -> None:
    code = await small_city.code()
    small_city.clock.advance(61)
    assert (await small_city.redeem(code)).json()["error"] == "invalid_grant"


async def test_posts_need_the_page_they_come_from(small_city: City) -> None:
    """CSRF: neither without a token, nor with another browser's, nor from another origin."""
    async with small_city.browser() as browser, small_city.browser() as attacker:
        url = authorize_url()
        await sign_in(browser, url)
        good, stolen = csrf_of(await browser.get(url)), csrf_of(await attacker.get(url))
        answers = [
            await browser.post(url, data={"decision": "allow"}),
            await browser.post(url, data={"decision": "allow", "csrf": stolen}),
            await browser.post(
                url,
                data={"decision": "allow", "csrf": good},
                headers={"origin": "https://evil.example"},
            ),
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_consent_needs_a_session(small_city: City) -> None:
    async with small_city.browser() as browser:
        answer = await decide(browser, authorize_url(), "allow")
    assert answer.status_code == 200
    assert 'name="password"' in answer.text


async def test_signing_in_changes_the_cookie(small_city: City) -> None:
    """Session fixation: a cookie known before means nothing after."""
    async with small_city.browser() as browser:
        url = authorize_url()
        await browser.get(url)
        before = browser.cookies["__Host-city"]
        answer = await sign_in(browser, url)
        after = browser.cookies["__Host-city"]
    assert before != after
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "secure", "samesite=lax", "path=/"))


async def test_somebody_else_can_sign_in(small_city: City) -> None:
    async with small_city.browser() as browser:
        url = authorize_url()
        await sign_in(browser, url)
        await decide(browser, url, "sign-out")
        page = await browser.get(url)
    assert 'name="password"' in page.text


async def test_guessing_passwords_is_slowed(small_city: City) -> None:
    async with small_city.browser() as browser:
        url = authorize_url()
        wrong = [(await sign_in(browser, url, f"guess-{n}")).status_code for n in range(5)]
        waiting = await sign_in(browser, url)
        small_city.clock.advance(int(waiting.headers["retry-after"]))
        right = await sign_in(browser, url)
    assert wrong == [403] * 5
    assert waiting.status_code == 429
    assert right.status_code == 303


@pytest.mark.parametrize("path", ["page", "error"])
async def test_pages_cannot_be_framed_and_run_no_script(small_city: City, path: str) -> None:
    url = authorize_url() if path == "page" else authorize_url(client_id="nobody")
    async with small_city.browser() as browser:
        answer = await browser.get(url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_form_may_go_to_the_app_and_nowhere_else(small_city: City) -> None:
    urls = {"client_id": "spa", "redirect_uri": "com.example.spa:/cb"}
    async with small_city.browser() as browser:
        web = await browser.get(authorize_url())
        native = await browser.get(authorize_url(**urls))
    assert "form-action 'self' https://app.example" in web.headers["content-security-policy"]
    assert "form-action 'self' com.example.spa:" in native.headers["content-security-policy"]


async def test_pages_speak_the_residents_language(small_city: City) -> None:
    async with small_city.browser() as browser:
        japanese = await browser.get(authorize_url())
        asked = await browser.get(authorize_url(ui_locales="en"))
        english = await browser.get(authorize_url(), headers={"accept-language": "en-GB,ja;q=0.3"})
    assert "サインイン" in japanese.text
    assert "Sign in" in asked.text
    assert "Sign in" in english.text


@pytest.mark.parametrize("language", ["en", "easy"])
def test_no_text_is_missing_in_any_language(language: str) -> None:
    assert TEXTS["ja"].keys() == TEXTS[language].keys()
    for name, text in TEXTS["ja"].items():
        fields = [sorted(re.findall("{.*?}", one)) for one in (text, TEXTS[language][name])]
        assert fields[0] == fields[1]


async def test_what_a_resident_types_is_not_markup(small_city: City) -> None:
    async with small_city.browser() as browser:
        url = authorize_url()
        page = await browser.get(url)
        form = {"csrf": csrf_of(page), "username": '"><b>x', "password": "y", "decision": "sign-in"}
        answer = await browser.post(url, data=form)
    assert "<b>x" not in answer.text
    assert answer.status_code == 403


async def test_a_public_client_proves_nothing_but_its_code(small_city: City) -> None:
    """A public client has no secret; a confidential one must not pass for public."""
    code = await small_city.code()
    form = {
        "grant_type": "authorization_code",
        "client_id": "app",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    answer = await small_city.http.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("registered", "asked", "allowed"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:51004/cb", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb", True),
        ("http://[::1]/cb", "http://[::1]:51004/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example:80/cb", False),
        ("http://127.0.0.1/cb", "http://[::1]:80/cb", False),
        ("https://app.example/cb", "https://app.example:8443/cb", False),
        ("http://localhost/cb", "http://localhost:80/cb", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(
    registered: str, asked: str, allowed: bool
) -> None:
    client = Client("c", "c", "partner", (), (), (registered,), "none", (1, 1))
    assert client.check_redirect_uri(asked) is allowed


async def test_a_native_app_is_called_back_by_its_scheme(small_city: City) -> None:
    url = authorize_url(client_id="spa", redirect_uri="com.example.spa:/cb")
    async with small_city.browser() as browser:
        await sign_in(browser, url)
        answer = await decide(browser, url, "allow")
    assert answer.headers["location"].startswith("com.example.spa:/cb?code=")


async def test_nothing_secret_is_logged(small_city: City, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = await small_city.code()
    tokens = (await small_city.redeem(code)).json()
    await small_city.redeem(code)
    for secret in (code, tokens["access_token"], tokens["refresh_token"], SECRET, PASSWORD):
        assert secret not in caplog.text
