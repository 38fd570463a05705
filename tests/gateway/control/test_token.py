"""The token endpoint: who gets a token, what is in it, and who does not."""

from __future__ import annotations

import base64

import httpx
import pytest
from joserfc import jws

from tests.gateway.control.city import KEY, PUBLIC, SECRET, City

FORM = {"grant_type": "client_credentials"}


async def test_a_machine_gets_a_token_with_the_claims_of_rfc_9068(city: City) -> None:
    answer = await city.token(scope="mobility:read")
    body = answer.json()
    claims = await city.claims(body["access_token"])
    header = jws.extract_compact(body["access_token"].encode()).headers()
    now = int(city.clock.now.timestamp())
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (body["token_type"], body["expires_in"], body["scope"]) == (
        "Bearer",
        3600,
        "mobility:read",
    )
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert claims.pop("jti")
    assert claims == {
        "iss": PUBLIC,
        "aud": PUBLIC,
        "sub": "machine",
        "client_id": "machine",
        "scope": "mobility:read",
        "iat": now,
        "exp": now + 3600,
    }


async def test_without_scope_it_gets_all_of_its_own(small_city: City) -> None:
    assert (await small_city.token()).json()["scope"] == "disaster:read mobility:read"


@pytest.mark.parametrize("scope", ["operator:apis", "mobility:read operator:apis", "x"])
async def test_a_scope_that_is_not_the_clients_is_refused(small_city: City, scope: str) -> None:
    answer = await small_city.token(scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert "disaster:read mobility:read" in answer.json()["error_description"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + base64.b64encode(b"machine:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:" + SECRET.encode()).decode(),
        "Basic " + base64.b64encode(b"machine:").decode(),
        "Basic " + base64.b64encode(b":" + SECRET.encode()).decode(),
        "Bearer abc",
    ],
)
async def test_bad_credentials_are_401_with_a_challenge(
    small_city: City, authorization: str
) -> None:
    answer = await small_city.http.post(
        "/oauth/token", data=FORM, headers={"authorization": authorization}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith('Basic realm="')


async def test_credentials_are_form_encoded_within_basic(small_city: City) -> None:
    """RFC 6749 §2.3.1: ``%6d`` is ``m``."""
    encoded = base64.b64encode(f"%6dachine:{SECRET}".encode()).decode()
    answer = await small_city.http.post(
        "/oauth/token", data=FORM, headers={"authorization": f"Basic {encoded}"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&scope=a&scope=b", "invalid_request"),
        ("grant_type=client_credentials&scope=%00", "invalid_request"),
        ("grant_type=client_credentials&client_id=other", "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", "invalid_request"),
        ("grant_type=%22%5C", "invalid_request"),
        ("grant_type=%E3%81%82", "invalid_request"),
        ("grant_type=%FF", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=", "unsupported_grant_type"),
        ("", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", "unauthorized_client"),
        ("grant_type=refresh_token&refresh_token=x", "unauthorized_client"),
        ("&".join(f"a{n}=1" for n in range(100)), "invalid_request"),
    ],
)
async def test_malformed_requests_are_refused_in_the_form_of_rfc_6749(
    small_city: City, body: str, error: str
) -> None:
    answer = await small_city.http.post(
        "/oauth/token",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
        auth=("machine", SECRET),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_json_is_refused_and_too_much_is_cut(small_city: City) -> None:
    json = await small_city.http.post("/oauth/token", json=FORM, auth=("machine", SECRET))
    large = await small_city.http.post("/oauth/token", data={"grant_type": "x" * 40_000})
    assert (json.status_code, json.json()["error"]) == (400, "invalid_request")
    assert large.status_code == 413


async def test_a_client_without_that_grant_is_refused(small_city: City) -> None:
    answer = await small_city.token("app")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_nothing_but_the_gateway_is_served(city: City) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(city.app), base_url="http://control"
    ) as outside:
        for path in ("/internal/policy", "/oauth/jwks", "/control/v1/apis"):
            assert (await outside.get(path)).status_code == 403
    assert KEY not in (await city.http.get("/openapi.json")).text


async def test_a_token_is_for_the_city_and_for_nothing_else(small_city: City) -> None:
    assert (await small_city.token(resource=PUBLIC)).status_code == 200
    assert (await small_city.token(resource=f"{PUBLIC}/")).status_code == 200
    other = await small_city.token(resource="https://elsewhere.example")
    assert other.status_code == 400
    assert other.json()["error"] == "invalid_target"
