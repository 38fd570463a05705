"""Signing in at the city's own OpenID provider: a foreign one, in process, that can also cheat."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.control.identity.provider import Provider
from gateway.control.identity.provider_page import CALLBACK
from tests.gateway.control.city import BOOTSTRAP, PUBLIC, City, authorize_url, running

ISSUER = "https://id.example"
CONFIG = {
    "issuer": ISSUER,
    "client_id": "city",
    "client_secret": "secret-of-the-city",
    "name": "みらい ID",
    "levels": {"urn:jpki": {"authenticator": 3, "proofing": 3}},
}


@dataclass
class Foreign:
    """An OpenID provider.

    Attributes:
        claims: what its next ID token says besides, or instead of, what is right.
        answers: path → what it answers instead.
    """

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    signer: ECKey | None = None
    clock: Any = None
    asked: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.calls.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self._metadata())
        if path == "/jwks":
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
        form = {name: one[0] for name, one in parse_qs(request.content.decode()).items()}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if form["code"] != "good" or challenge != self.asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json={"access_token": "a", "id_token": self._token()})

    def _metadata(self) -> dict[str, str]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
        }

    def _token(self) -> str:
        now, signer = int(self.clock().timestamp()), self.signer or self.key
        claims = {
            "iss": ISSUER,
            "sub": "person-7",
            "aud": "city",
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "acr": "urn:jpki",
            "name": "花子",
            **self.claims,
        }
        return jwt.encode({"alg": "ES256", "kid": signer.kid}, claims, signer)


@pytest.fixture
async def foreign() -> Foreign:
    return Foreign()


@pytest.fixture
async def city(tmp_path: Path, foreign: Foreign) -> AsyncIterator[City]:
    http = httpx.AsyncClient(transport=httpx.MockTransport(foreign.answer))
    bootstrap = {**BOOTSTRAP, "provider": CONFIG}
    provider = Provider(PUBLIC + CALLBACK, http)
    async with running(tmp_path, bootstrap=bootstrap, provider=provider) as found:
        foreign.clock = found.clock
        yield found


async def go(browser: httpx.AsyncClient, foreign: Foreign, back: str = "/my") -> str:
    """To the provider; the state that it must send back."""
    answer = await browser.get("/my/provider", params={"back": back})
    assert answer.status_code == 303, answer.text
    where = urlsplit(answer.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{ISSUER}/authorize"
    foreign.asked = {name: one[0] for name, one in parse_qs(where.query).items()}
    return foreign.asked["state"]


async def come_back(browser: httpx.AsyncClient, state: str, **query: str) -> httpx.Response:
    return await browser.get(CALLBACK, params={"state": state, "code": "good", **query})


async def test_the_sign_in_page_offers_it(city: City) -> None:
    async with city.browser() as browser:
        assert "みらい ID でサインインする" in (await browser.get("/my")).text
        assert "みらい ID でサインインする" in (await browser.get(authorize_url())).text


async def test_who_signs_in_there_is_signed_in_here_at_the_level_that_it_vouches_for(
    city: City, foreign: Foreign
) -> None:
    async with city.browser() as browser:
        url = authorize_url()
        done = await come_back(browser, await go(browser, foreign, url))
        assert done.headers["location"] == url
        page = await browser.get(url)
        assert "花子 さんとしてサインインしています" in page.text
    asked = foreign.asked
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == PUBLIC + CALLBACK


async def test_the_same_person_is_the_same_resident_next_time(city: City, foreign: Foreign) -> None:
    for _ in range(2):
        async with city.browser() as browser:
            await come_back(browser, await go(browser, foreign))
    async with city.control.store.read() as connection:
        rows = await connection.exec_driver_sql("SELECT resident_id FROM provider_subjects")
        assert len(rows.all()) == 1


async def test_a_browser_that_did_not_begin_it_cannot_end_it(city: City, foreign: Foreign) -> None:
    async with city.browser() as browser, city.browser() as other:
        state = await go(browser, foreign)
        assert (await come_back(other, state)).status_code == 502
        assert (await come_back(browser, state)).status_code == 303
        assert (await come_back(browser, state)).status_code == 502, "a state is good once"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["city", "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"exp": 0},
        {"iat": 9_999_999_999},
        {"sub": ""},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    city: City, foreign: Foreign, claims: dict[str, Any]
) -> None:
    foreign.claims = claims
    async with city.browser() as browser:
        assert (await come_back(browser, await go(browser, foreign))).status_code == 502
        assert 'type="password"' in (await browser.get("/my")).text


async def test_a_token_of_another_key_is_refused_and_its_keys_are_not_read_for_each(
    city: City, foreign: Foreign
) -> None:
    foreign.signer = ECKey.generate_key("P-256", {"kid": "two"})
    async with city.browser() as browser:
        for _ in range(4):
            assert (await come_back(browser, await go(browser, foreign))).status_code == 502
        assert foreign.calls.count("/jwks") <= 2
        foreign.key = foreign.signer  # it has changed its key
        city.clock.advance(61)
        assert (await come_back(browser, await go(browser, foreign))).status_code == 303


async def test_an_answer_of_another_issuer_is_refused(city: City, foreign: Foreign) -> None:
    async with city.browser() as browser:
        state = await go(browser, foreign)
        mixed = await come_back(browser, state, iss="https://other.example")
        assert mixed.status_code == 502


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"issuer": "https://other.example"}),
        httpx.Response(200, json=[]),
        httpx.Response(500),
        httpx.Response(200, content=b"{"),
    ],
    ids=["another issuer", "no object", "error", "no JSON"],
)
async def test_a_provider_that_is_not_itself_is_told_politely(
    city: City, foreign: Foreign, answer: httpx.Response
) -> None:
    foreign.answers["/.well-known/openid-configuration"] = answer
    async with city.browser() as browser:
        told = await browser.get("/my/provider")
    assert told.status_code == 502
    assert "もう一度お試しください" in told.text


async def test_it_never_sends_anybody_on_to_another_site(city: City, foreign: Foreign) -> None:
    for back in ("https://evil.example/", "//evil.example", "/my@evil.example", "/oauth/token"):
        async with city.browser() as browser:
            done = await come_back(browser, await go(browser, foreign, back))
            assert done.headers["location"] == "/my"


async def test_a_city_without_one_says_so(small_city: City) -> None:
    async with small_city.browser() as browser:
        assert (await browser.get("/my/provider")).status_code == 404
        assert "/my/provider" not in (await browser.get("/my")).text
