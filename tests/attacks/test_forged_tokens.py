"""Tokens that nobody issued: algorithms, key ids and keys that the forger chooses (RFC 8725)."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import orjson
import pytest

from tests.gateway.control.city import SECRET, City
from tests.gateway.core.city import SIGNER, Signer, api, b64, claims, gateway, snapshot, token

FORGER = Signer("forger", "ES256")
SAME_NAME = Signer("es", "ES256")
HEADER: dict[str, Any] = {"typ": "at+jwt", "alg": "ES256", "kid": "es"}


def by_hand(header: dict[str, Any], signature: bytes = b"") -> str:
    return f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims()))}.{b64(signature)}"


def mac(key: bytes, alg: str) -> str:
    signed = f"{b64(orjson.dumps({**HEADER, 'alg': alg}))}.{b64(orjson.dumps(claims()))}"
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[alg]
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), digest))}"


def published(private: Signer) -> dict[str, Any]:
    return {**private.jwk, "kid": "es"}


def forged() -> dict[str, str]:
    jwk = orjson.dumps(SIGNER.jwk)
    x = base64.urlsafe_b64decode(str(SIGNER.jwk["x"]) + "=")
    return {
        **{f"alg {alg}": by_hand({**HEADER, "alg": alg}) for alg in ("none", "None", "NONE", "")},
        "alg none, signed": by_hand({**HEADER, "alg": "none"}, SIGNER.sign(b"x")),
        **{f"{alg} by the public JWK": mac(jwk, alg) for alg in ("HS256", "HS384", "HS512")},
        "HS256 by the public point": mac(x, "HS256"),
        "HS256 by nothing": mac(b"", "HS256"),
        "RS256 by an EC key": by_hand({**HEADER, "alg": "RS256"}, SIGNER.sign(b"x")),
        "two algs": by_hand({**HEADER, "alg": ["none", "ES256"]}),
        "psychic signature": by_hand(HEADER, bytes(64)),
        "signature of the group order": by_hand(
            HEADER,
            bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") * 2,
        ),
        "DER instead of two numbers": by_hand(HEADER, b"\x30\x06\x02\x01\x01\x02\x01\x01"),
        "another key of the same name": token(signer=SAME_NAME),
        **{
            f"kid {kid!r}": token(signer=FORGER, header={"kid": kid})
            for kid in (
                "../../../../dev/null",
                "/proc/self/environ",
                "es' UNION SELECT 'forger",
                "es\x00",
                "ES",
                "es ",
                "http://evil.example/key",
                "",
                "__proto__",
                "es;forger",
            )
        },
        **{
            f"kid of type {type(kid).__name__}": token(signer=FORGER, header={"kid": kid})
            for kid in (["es"], {"es": 1}, 0, True, None)
        },
        "jwk brought along": token(signer=SAME_NAME, header={"jwk": published(SAME_NAME)}),
        "jku of the forger": token(signer=FORGER, header={"jku": "https://evil.example/jwks"}),
        "jku like ours": token(
            signer=FORGER, header={"jku": "https://city.example@evil.example/oauth/jwks"}
        ),
        "x5u of the forger": token(signer=FORGER, header={"x5u": "https://evil.example/c.pem"}),
        "x5c brought along": token(signer=SAME_NAME, header={"x5c": ["MIIB"]}),
        "encrypted instead of signed": by_hand(
            {"typ": "at+jwt", "alg": "dir", "enc": "A256GCM", "kid": "es"}
        ),
        "crit that nobody knows": token(header={"crit": ["b64"], "b64": False}),
        "compressed": token(header={"zip": "DEF"}, signer=FORGER),
        "an id token": token(header={"typ": "JWT"}),
        "a logout token": token(header={"typ": "logout+jwt"}),
        "a DPoP proof": token(header={"typ": "dpop+jwt"}),
        "an assertion of a client": token(header={"typ": None}),
    }


@pytest.mark.parametrize("name", forged())
async def test_a_forged_token_opens_nothing(name: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(2):  # as well when it was seen before
            reply = await city.get("/stops", forged()[name])
            assert reply.status == 401, name
            assert reply.problem["type"].endswith(":invalid-token")
        assert behind.heads == [], "the API was not asked"
        assert (await city.get("/stops", token())).status == 200, "a good one is good still"


async def test_keys_that_come_with_a_token_never_get_into_the_policy() -> None:
    """JWKS poisoning: the core takes keys from the policy alone, however often it is asked."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        poisoned = token(signer=FORGER, header={"jwk": published(FORGER), "jku": "https://x.test"})
        for _ in range(5):
            assert (await city.get("/stops", poisoned)).status == 401
        assert (await city.get("/stops", token(signer=FORGER))).status == 401


@pytest.mark.parametrize(
    "place", ["query", "form", "cookie", "another scheme", "twice", "joined", "in quotes"]
)
async def test_a_token_counts_in_its_header_field_alone(place: str) -> None:
    """RFC 6750 §2.3: what is in an address is logged, what is in a cookie is sent by others."""
    good = token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        path, fields = "/stops", [f"Authorization: Bearer {good}"]
        if place == "query":
            path, fields = f"/stops?access_token={good}", []
        elif place == "form":
            fields = ["Content-Type: application/x-www-form-urlencoded"]
        elif place == "cookie":
            fields = [f"Cookie: access_token={good}"]
        elif place == "another scheme":
            fields = [f"Authorization: Token {good}"]
        elif place == "twice":
            fields = [*fields, "Authorization: Bearer x"]
        elif place == "joined":
            fields = [f"Authorization: Bearer {good}, Bearer x"]
        else:
            fields = [f'Authorization: Bearer "{good}"']
        reply = await city.get(path, "", *fields)
        assert reply.status in {400, 401}
        assert behind.heads == []


async def test_the_published_keys_are_public_ones(small_city: City) -> None:
    keys = (await small_city.http.get("/oauth/jwks")).json()["keys"]
    assert keys
    for key in keys:
        assert key["kty"] in {"EC", "RSA", "OKP"}
        assert not {"d", "p", "q", "k", "x5u", "x5c"} & key.keys()


@pytest.mark.parametrize(
    "member", ["jwks_uri", "sector_identifier_uri", "logo_uri", "request_uris"]
)
async def test_a_registration_makes_the_city_fetch_nothing(small_city: City, member: str) -> None:
    """Keys by address (``jwks_uri``) would be the client's to change, and the city's to call."""
    value: Any = "http://169.254.169.254/latest"
    body = {
        "client_name": "x",
        "scope": "mobility:read",
        member: [value] if member == "request_uris" else value,
    }
    answer = await small_city.http.post("/oauth/register", json=body)
    assert answer.status_code in {201, 400}
    assert member not in answer.json()
    assert small_city.network.calls == []


async def test_a_token_of_the_citys_forger_is_not_active(small_city: City) -> None:
    form = {"token": token(signer=FORGER, iss="https://city.example")}
    answer = await small_city.http.post("/oauth/introspect", data=form, auth=("app", SECRET))
    assert answer.json() == {"active": False}
