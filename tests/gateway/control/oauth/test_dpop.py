"""DPoP at the authorization server (RFC 9449): what a proof must be, and what it binds."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.control.oauth.signatures import ALGORITHMS, REGISTRY
from gateway.core.reply import PROOF_ALGORITHMS
from tests.gateway.control.city import (
    BOOTSTRAP,
    CALLBACK,
    PUBLIC,
    SECRET,
    VERIFIER,
    City,
    authorize_url,
    decide,
    query_of,
    running,
    sign_in,
)
from tests.gateway.control.oauth.prover import TOKEN, Prover

SPA = "https://spa.example/cb"
RSA = RSAKey.generate_key(2048)


@pytest.fixture
def prover(small_city: City) -> Prover:
    return Prover(small_city)


async def machine(city: City, *proofs: str) -> httpx.Response:
    return await city.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("machine", SECRET),
        headers=[("dpop", proof) for proof in proofs],
    )


async def test_a_proof_binds_the_token_to_its_key(city: City) -> None:
    prover = Prover(city)
    answer = (await machine(city, prover.proof())).json()
    assert answer["token_type"] == "DPoP"
    assert (await city.claims(answer["access_token"]))["cnf"] == {"jkt": prover.jkt}
    about = await city.http.post(
        "/oauth/introspect", data={"token": answer["access_token"]}, auth=("machine", SECRET)
    )
    assert (about.json()["token_type"], about.json()["cnf"]) == ("DPoP", {"jkt": prover.jkt})


async def test_without_one_it_is_a_bearer_token(small_city: City) -> None:
    answer = (await machine(small_city)).json()
    assert answer["token_type"] == "Bearer"
    assert "cnf" not in await small_city.claims(answer["access_token"])


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSA, "RS256"),
        (RSA, "PS256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
async def test_every_algorithm_of_the_metadata_is_taken(
    small_city: City, key: Any, alg: str
) -> None:
    prover = Prover(small_city, key, alg)
    assert (await machine(small_city, prover.proof())).json()["token_type"] == "DPoP"
    found = (await small_city.http.get("/.well-known/oauth-authorization-server")).json()
    assert alg in found["dpop_signing_alg_values_supported"]


async def test_the_gateway_takes_what_is_taken_here(small_city: City) -> None:
    found = (await small_city.http.get("/.well-known/oauth-protected-resource")).json()
    assert found["dpop_signing_alg_values_supported"] == list(PROOF_ALGORITHMS)
    assert PROOF_ALGORITHMS == ALGORITHMS


@pytest.mark.parametrize(
    "uri",
    [
        "HTTPS://CITY.example/oauth/token",
        "https://city.example:443/oauth/token",
        "https://city.example/oauth/token?a=b#c",
    ],
)
async def test_other_spellings_of_the_address_are_the_same(prover: Prover, uri: str) -> None:
    assert (await machine(prover.city, prover.proof(uri))).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htu": PUBLIC},
        {"htu": f"{PUBLIC}/oauth/par"},
        {"htu": "http://city.example/oauth/token"},
        {"htu": "https://city.example:8443/oauth/token"},
        {"htu": "https://x@city.example/oauth/token"},
        {"htu": "https://city.example:x/oauth/token"},
        {"htu": None},
        {"htu": 5},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": 0},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
    ],
)
async def test_a_proof_for_something_else_is_refused(
    prover: Prover, changes: dict[str, Any]
) -> None:
    answer = await machine(prover.city, prover.proof(**changes))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(("seconds", "status"), [(-61, 400), (-60, 200), (5, 200), (6, 400)])
async def test_a_proof_is_good_for_a_minute(prover: Prover, seconds: int, status: int) -> None:
    now = int(prover.city.clock.now.timestamp())
    assert (await machine(prover.city, prover.proof(iat=now + seconds))).status_code == status


async def test_a_proof_is_used_once_by_all_processes(city: City) -> None:
    proof = Prover(city).proof()
    answers = await asyncio.gather(*(machine(city, proof) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert refused.json()["error"] == "invalid_dpop_proof"


async def test_two_keys_may_use_the_same_jti(small_city: City) -> None:
    proofs = [Prover(small_city).proof(jti="1") for _ in range(2)]
    assert [(await machine(small_city, one)).status_code for one in proofs] == [200, 200]


async def test_a_refused_request_uses_its_proof_up(prover: Prover) -> None:
    proof = prover.proof()
    refused = await prover.city.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "scope": "not:mine"},
        auth=("machine", SECRET),
        headers={"dpop": proof},
    )
    assert refused.json()["error"] == "invalid_scope"
    assert (await machine(prover.city, proof)).json()["error"] == "invalid_dpop_proof"


async def test_two_proofs_are_refused(prover: Prover) -> None:
    answer = await machine(prover.city, prover.proof(), prover.proof())
    assert answer.json()["error"] == "invalid_dpop_proof"


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(prover: Prover, header: Any, claims: Any) -> str:
    """Signed as it stands, whatever a library would say of it."""
    text = f"{part(header)}.{part(claims)}"
    tag = REGISTRY.get_alg("ES256").sign(text.encode(), prover.key)
    return f"{text}.{urlsafe_b64encode(tag).rstrip(b'=').decode()}"


async def test_what_is_no_proof_is_refused(prover: Prover) -> None:
    public = prover.key.as_dict(private=False)
    now = int(prover.city.clock.now.timestamp())
    claims = {"jti": "1", "htm": "POST", "htu": TOKEN, "iat": now}
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public}
    mac = OctKey.generate_key(256)
    secret = {**header, "alg": "HS256", "jwk": mac.as_dict(private=True)}
    text = f"{part(secret)}.{part(claims)}"
    tag = hmac.digest(mac.raw_value, text.encode(), "sha256")
    forged = [
        "x",
        "a.b.c",
        "x" * 9_000,
        f"{part(header)}.{part(claims)}.",
        f"{part({**header, 'alg': 'none'})}.{part(claims)}.",
        f"{text}.{urlsafe_b64encode(tag).rstrip(b'=').decode()}",
        signed(prover, {**header, "typ": "JWT"}, claims),
        signed(prover, {**header, "jwk": ECKey.generate_key("P-256").as_dict()}, claims),
        signed(prover, {**header, "jwk": prover.key.as_dict(private=True)}, claims),
        signed(prover, {**header, "jwk": "x"}, claims),
        signed(prover, {**header, "jwk": {"kty": "EC"}}, claims),
        signed(prover, {**header, "jwk": {**public, "x": "AAAA"}}, claims),
        signed(prover, {**header, "crit": ["x"], "x": 1}, claims),
        signed(prover, header, "x"),
    ]
    for one in forged:
        answer = await machine(prover.city, one)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), one
    assert (await machine(prover.city, signed(prover, header, claims))).status_code == 200


@pytest.mark.filterwarnings("ignore:Key size")
@pytest.mark.parametrize("bits", [1024, 4104])
async def test_a_weak_or_dear_key_is_refused(small_city: City, bits: int) -> None:
    key = RSA if bits > 4096 else RSAKey.generate_key(bits)
    prover = Prover(small_city, key, "RS256")
    proof = prover.proof()
    if bits > 4096:  # making such a key takes a second: its name alone must do
        header = {"typ": "dpop+jwt", "alg": "RS256", "jwk": {**key.as_dict(), "n": "_" * 684}}
        proof = ".".join([part(header), *proof.split(".")[1:]])
    assert (await machine(small_city, proof)).json()["error"] == "invalid_dpop_proof"


# what a code and a refresh token are bound to


async def spa_code(city: City, **changes: str) -> str:
    return await city.code(client_id="spa", redirect_uri=SPA, **changes)


async def spa(city: City, form: dict[str, str], prover: Prover | None) -> httpx.Response:
    return await city.http.post(
        "/oauth/token",
        data={"client_id": "spa", **form},
        headers=prover.headers() if prover else {},
    )


def redeeming(code: str, redirect_uri: str = SPA) -> dict[str, str]:
    grant = {"grant_type": "authorization_code", "code_verifier": VERIFIER}
    return {**grant, "code": code, "redirect_uri": redirect_uri}


def refreshing(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


async def test_a_public_clients_refresh_token_is_bound(city: City) -> None:
    mine, thief = Prover(city), Prover(city)
    first = (await spa(city, redeeming(await spa_code(city)), mine)).json()
    for stolen in (None, thief):
        answer = await spa(city, refreshing(first["refresh_token"]), stolen)
        assert answer.json()["error"] == "invalid_grant"
    second = (await spa(city, refreshing(first["refresh_token"]), mine)).json()
    assert second["token_type"] == "DPoP"
    third = await spa(city, refreshing(second["refresh_token"]), thief)
    assert third.json()["error"] == "invalid_grant", "it stays bound from one to the next"


async def test_a_confidential_client_may_change_its_key(small_city: City) -> None:
    """RFC 9449 §5: it authenticates at each refresh, which binds as well."""
    tokens = (await small_city.redeem(await small_city.code())).json()
    answer = await small_city.http.post(
        "/oauth/token",
        data=refreshing(tokens["refresh_token"]),
        auth=("app", SECRET),
        headers=Prover(small_city).headers(),
    )
    assert answer.json()["token_type"] == "DPoP"


async def test_a_code_is_bound_by_the_authorization_request(small_city: City) -> None:
    mine, thief = Prover(small_city), Prover(small_city)
    code = await spa_code(small_city, dpop_jkt=mine.jkt)
    for stolen in (None, thief):
        assert (await spa(small_city, redeeming(code), stolen)).json()["error"] == "invalid_grant"
    assert (await spa(small_city, redeeming(code), mine)).status_code == 200


async def pushed(city: City, headers: dict[str, str], **form: str) -> httpx.Response:
    asked = dict(httpx.URL(authorize_url(**form)).params)
    return await city.http.post("/oauth/par", data=asked, auth=("app", SECRET), headers=headers)


async def test_a_code_is_bound_by_the_proof_of_a_pushed_request(small_city: City) -> None:
    mine = Prover(small_city)
    answer = await pushed(small_city, mine.headers(f"{PUBLIC}/oauth/par"))
    uri = answer.json()["request_uri"]
    url = str(httpx.URL("/oauth/authorize", params={"client_id": "app", "request_uri": uri}))
    async with small_city.browser() as browser:
        await sign_in(browser, url)
        code = query_of(await decide(browser, url, "allow"))["code"]
    assert (await small_city.redeem(code)).json()["error"] == "invalid_grant"
    answer = await small_city.http.post(
        "/oauth/token",
        data=redeeming(code, CALLBACK),
        auth=("app", SECRET),
        headers=mine.headers(),
    )
    assert answer.json()["token_type"] == "DPoP"


async def test_the_proof_and_the_thumbprint_name_one_key(small_city: City) -> None:
    mine, other = Prover(small_city), Prover(small_city)
    headers = mine.headers(f"{PUBLIC}/oauth/par")
    assert (await pushed(small_city, headers, dpop_jkt=other.jkt)).status_code == 400
    headers = mine.headers(f"{PUBLIC}/oauth/par")
    assert (await pushed(small_city, headers, dpop_jkt=mine.jkt)).status_code == 201
    assert (await pushed(small_city, {}, dpop_jkt="short")).status_code == 400


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[City]:
    """A city whose clients always bind their tokens, and push their requests."""
    clients = [
        {**client, "dpop_bound_access_tokens": True, "require_pushed_authorization_requests": True}
        for client in BOOTSTRAP["clients"]
    ]
    async with running(tmp_path, bootstrap={**BOOTSTRAP, "clients": clients}) as city:
        yield city


async def test_a_client_that_always_binds_gets_no_other_token(strict: City) -> None:
    refused = await machine(strict)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await machine(strict, Prover(strict).proof())).status_code == 200


async def test_a_client_that_always_pushes_is_asked_by_no_other_way(strict: City) -> None:
    async with strict.browser() as browser:
        sent = query_of(await browser.get(authorize_url()))
        assert (sent["error"], sent["state"]) == ("invalid_request", "state-of-the-app")
        uri = (await pushed(strict, {})).json()["request_uri"]
        page = await browser.get(f"/oauth/authorize?client_id=app&request_uri={uri}")
    assert page.status_code == 200
