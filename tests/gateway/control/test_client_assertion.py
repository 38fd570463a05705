"""private_key_jwt (RFC 7523): a key instead of a secret, and every way to forge it."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.gateway.control.city import PUBLIC, SECRET, City, running

KEY = ECKey.generate_key("P-256", {"kid": "k1"})
OTHER = ECKey.generate_key("P-256", {"kid": "k1"})
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

BOOTSTRAP: dict[str, Any] = {
    "clients": [
        {"client_id": "keyed", "scopes": ["a1:read"], "jwks": {"keys": [KEY.as_dict()]}},
        {"client_id": "secret", "client_secret": SECRET, "scopes": ["a1:read"]},
    ]
}


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[City]:
    async with running(tmp_path, bootstrap=BOOTSTRAP) as city:
        yield city


def claims(city: City, **changes: Any) -> dict[str, Any]:
    now = int(city.clock.now.timestamp())
    base = {"iss": "keyed", "sub": "keyed", "aud": PUBLIC, "jti": "1", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def sign(payload: dict[str, Any], key: Any = KEY, alg: str = "ES256", **header: Any) -> str:
    return jwt.encode({"alg": alg, "kid": "k1", **header}, payload, key, algorithms=[alg])


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def send(city: City, assertion: str, **form: str) -> httpx.Response:
    data = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
        **form,
    }
    return await city.http.post("/oauth/token", data=data)


@pytest.mark.parametrize("audience", [PUBLIC, f"{PUBLIC}/oauth/token", [PUBLIC, "other"]])
async def test_a_signed_assertion_stands_for_the_client(keyed: City, audience: Any) -> None:
    answer = await send(keyed, sign(claims(keyed, aud=audience)))
    assert answer.status_code == 200, answer.text
    assert (await keyed.claims(answer.json()["access_token"]))["client_id"] == "keyed"


async def test_an_assertion_is_accepted_once(keyed: City) -> None:
    assertion = sign(claims(keyed))
    first, again = await send(keyed, assertion), await send(keyed, assertion)
    assert first.status_code == 200
    assert again.json()["error"] == "invalid_client"


async def test_a_failed_request_uses_its_assertion_up(keyed: City) -> None:
    assertion = sign(claims(keyed))
    refused = await send(keyed, assertion, scope="not:mine")
    again = await send(keyed, assertion)
    assert refused.json()["error"] == "invalid_scope"
    assert again.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "other"},
        {"sub": None},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": 5},
        {"jti": None},
        {"jti": 7},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1},
        {"exp": 99_999_999_999},
        {"sub": "secret", "iss": "secret"},
    ],
)
async def test_wrong_claims_are_refused(keyed: City, changes: dict[str, Any]) -> None:
    answer = await send(keyed, sign(claims(keyed, **changes)))
    assert answer.json()["error"] == "invalid_client", answer.text
    assert answer.status_code in {400, 401}


async def test_another_key_is_refused(keyed: City) -> None:
    answer = await send(keyed, sign(claims(keyed), OTHER))
    assert answer.json()["error"] == "invalid_client"


async def test_alg_none_is_refused(keyed: City) -> None:
    for alg in ("none", "None", ""):
        forged = f"{part({'alg': alg, 'kid': 'k1'})}.{part(claims(keyed))}."
        assert (await send(keyed, forged)).json()["error"] == "invalid_client"


async def test_the_public_key_as_a_secret_is_refused(keyed: City) -> None:
    """Algorithm confusion: HS256 over the bytes of the registered public key."""
    for public in (KEY.as_pem(private=False), json.dumps(KEY.as_dict(private=False)).encode()):
        signed = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(claims(keyed))}"
        mac = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256"))
        forged = f"{signed}.{mac.rstrip(b'=').decode()}"
        assert (await send(keyed, forged)).json()["error"] == "invalid_client"


async def test_a_key_brought_along_is_not_used(keyed: City) -> None:
    forged = sign(claims(keyed), OTHER, jwk=OTHER.as_dict(private=False))
    assert (await send(keyed, forged)).json()["error"] == "invalid_client"


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "..", "e30.e30.e30", "é"])
async def test_what_is_no_jwt_is_refused(keyed: City, assertion: str) -> None:
    assert (await send(keyed, assertion)).status_code in {400, 401}


async def test_two_ways_of_authentication_at_once_are_refused(keyed: City) -> None:
    answer = await keyed.http.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": sign(claims(keyed)),
        },
        auth=("keyed", "x"),
    )
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "jwks",
    [
        {"keys": []},
        {"keys": [KEY.as_dict(private=True)]},
        {"keys": [OctKey.generate_key(256).as_dict(private=True)]},
        {"keys": "x"},
        {},
        {"keys": [RSAKey.generate_key(2048).as_dict(private=True)]},
    ],
)
async def test_only_public_asymmetric_keys_are_registered(keyed: City, jwks: Any) -> None:
    body = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    answer = await keyed.http.post("/oauth/register", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
