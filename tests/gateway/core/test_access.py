"""Who may call what: tokens, scopes, residents, revocation."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from tests.gateway.core.city import (
    ISSUER,
    PSEUDONYMS,
    ROUTES,
    SIGNER,
    Gateway,
    Reply,
    Signer,
    api,
    b64,
    claims,
    client,
    gateway,
    route,
    snapshot,
    token,
)

STRANGER = Signer("es", "ES256")
"""Another key under a kid that is known."""


def unsigned(header: dict[str, Any], signature: str = "") -> str:
    return f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims()))}.{signature}"


def bad_tokens() -> dict[str, str]:
    good = token()
    head, payload, signature = good.split(".")
    now = int(time.time())
    none = {"typ": "at+jwt", "alg": "none", "kid": "es"}
    return {
        "nonsense": "nonsense",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.x",
        "empty parts": "..",
        "alg none": unsigned(none),
        "alg none with signature": unsigned(none, signature),
        "alg HS256 by the public key": unsigned({**none, "alg": "HS256"}, signature),
        "alg of another kind": token(header={"alg": "RS256"}),
        "no alg": unsigned({"typ": "at+jwt", "kid": "es"}, signature),
        "no kid": token(header={"kid": None}),
        "unknown kid": token(header={"kid": "other"}),
        "kid of another type": token(header={"kid": ["es"]}),
        "crit": token(header={"crit": ["exp"], "exp": 1}),
        "typ JWT": token(header={"typ": "JWT"}),
        "no typ": token(header={"typ": None}),
        "another key": token(signer=STRANGER),
        "changed payload": f"{head}.{b64(orjson.dumps(claims('admin')))}.{signature}",
        "cut signature": good[:-4],
        "padding": good + "=",
        "signature of zeros": f"{head}.{payload}.{b64(bytes(64))}",
        "expired": token(exp=now - 1),
        "no exp": token(exp=None),
        "exp text": token(exp="never"),
        "exp true": token(exp=True),
        "not yet": token(nbf=now + 60),
        "issued later": token(iat=now + 60),
        "another issuer": token(iss="https://evil.example"),
        "another audience": token(aud="https://other.example"),
        "audience like ours": token(aud=ISSUER + "/"),
        "no audience": token(aud=None),
        "no jti": token(jti=None),
        "no client": token(client_id=""),
        "unknown client": token(client_id="nobody"),
        "client with a line break": token(client_id="app\r\nX-City-Subject: a"),
        "resident of another client": token(rid=PSEUDONYMS.seal("taro", "other")),
        "resident not sealed": token(rid="taro"),
        "claims no object": SIGNER.jwt({"typ": "at+jwt", "alg": "ES256", "kid": "es"}, []),  # type: ignore[arg-type]
    }  # fmt: skip


@pytest.mark.parametrize("name", bad_tokens())
async def test_a_token_that_is_not_good_is_refused(name: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(2):  # as well when it was seen before
            reply = await city.get("/stops", bad_tokens()[name])
            assert reply.status == 401, reply
            assert 'error="invalid_token"' in reply.fields["www-authenticate"]
            assert reply.problem["type"] == "urn:problem-type:supercity:invalid-token"
        assert behind.heads == []


async def test_without_a_token_no_error_is_named() -> None:
    """RFC 6750 §3.1: no error code where no authentication was tried."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for fields in ((), ("Authorization: Basic YTpi",)):
            reply = await city.get("/stops", "", *fields)
            assert reply.status == 401
            told = reply.fields["www-authenticate"]
            where = 'resource_metadata="https://city.example/.well-known/oauth-protected-resource"'
            assert told.startswith(f'Bearer realm="supercity", {where}, DPoP realm=')
            assert 'algs="ES256 ' in told
            assert "error" not in told


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
async def test_each_algorithm_is_accepted_with_its_own_key(alg: str) -> None:
    signer = Signer("k", alg)
    async with api() as behind, gateway(snapshot(behind.port, keys=[signer.jwk])) as city:
        assert (await city.get("/stops", token(signer=signer))).status == 200
        assert (await city.get("/stops", token(signer=Signer("k", alg)))).status == 401
        long = {"typ": "application/at+jwt"}
        several = token(signer=signer, aud=["https://x.example", ISSUER], header=long)
        assert (await city.get("/stops", several)).status == 200


async def test_a_good_token_is_verified_once() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        good = token()
        for _ in range(5):
            assert (await city.get("/stops", good)).status == 200
        assert (city.core.tokens.verified, city.core.tokens.remembered) == (1, 4)


async def test_a_remembered_token_expires() -> None:
    now = time.time()
    clock = [now]
    async with api() as behind, gateway(snapshot(behind.port), now=lambda: clock[0]) as city:
        good = token(exp=int(now) + 60)
        assert (await city.get("/stops", good)).status == 200
        clock[0] = now + 61
        reply = await city.get("/stops", good)
        assert reply.status == 401
        assert "expired" in reply.problem["detail"]


def revoked(**changes: dict[str, int]) -> dict[str, dict[str, int]]:
    return {"tokens": {}, "families": {}, "clients": {}, **changes}


async def test_a_change_of_policy_holds_for_tokens_already_seen() -> None:
    later = int(time.time()) + 600
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        good = token(resident="taro", jti="j1")

        async def under(**changes: Any) -> int:
            city.core.apply(orjson.dumps(snapshot(behind.port, **changes)))
            return (await city.get("/stops", good)).status

        assert await under() == 200
        assert await under(revoked=revoked(tokens={"j1": later})) == 401
        assert await under() == 200
        assert await under(revoked=revoked(families={"grant-1": later})) == 401
        assert await under(revoked=revoked(clients={"app": int(time.time())})) == 401
        assert await under(revoked=revoked(clients={"app": int(time.time()) - 100})) == 200
        assert await under(clients={"app": client(suspended=True)}) == 401
        assert await under(clients={"other": client()}) == 401
        assert await under(keys=[STRANGER.jwk]) == 401, "another key under the same kid"
        assert await under(keys=[STRANGER.jwk | {"kid": "new"}, SIGNER.jwk]) == 200
        assert await under(issuer="https://new.example") == 401
        assert await under(audience="https://new.example") == 401
        assert city.core.tokens.verified == 1


async def test_a_token_refused_under_one_policy_may_be_good_under_the_next() -> None:
    """A client that was registered a moment ago must not stay refused."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        early = token(client_id="late")
        assert (await city.get("/stops", early)).status == 401
        city.core.apply(orjson.dumps(snapshot(behind.port, clients={"late": client()})))
        assert (await city.get("/stops", early)).status == 200


async def test_bad_tokens_from_one_address_are_not_verified_for_ever() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        good = token()
        assert (await city.get("/stops", good)).status == 200
        statuses = [(await city.get("/stops", token(signer=STRANGER))).status for _ in range(60)]
        assert statuses.count(401) >= 50
        assert statuses[-1] == 429
        assert city.core.tokens.verified <= 55
        assert (await city.get("/stops", good)).status == 200, "a known token is not affected"


async def test_the_scope_must_be_held_whole() -> None:
    routes = [route("/pair", scopes=[["a", "b"], ["c"]])]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        for scope, status in {"a": 403, "b": 403, "a b": 200, "c": 200, "ab": 403, "": 403}.items():
            assert (await city.get("/pair", token(scope))).status == status, scope
        reply = await city.get("/pair", token("a"))
        assert 'error="insufficient_scope", scope="a b"' in reply.fields["www-authenticate"]
        assert reply.problem["type"] == "urn:problem-type:supercity:insufficient-scope"


async def ask_records(city: Gateway, name: str, bearer: str) -> Reply:
    return await city.get(f"/residents/{name}/records", bearer)


async def test_a_personal_route_is_about_the_tokens_resident_alone() -> None:
    taro, hanako = (PSEUDONYMS.of(name, "mobility") for name in ("taro", "hanako"))
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        good = token(resident="taro")
        for name in ("me", taro, PSEUDONYMS.of("taro", "client:app")):
            assert (await ask_records(city, name, good)).status == 200
            assert behind.heads[-1].startswith(f"GET /residents/{taro}/records ".encode())
            assert behind.head("x-city-subject") == taro
        asked = len(behind.heads)
        for name in (hanako, "taro", "ME", "me%20", PSEUDONYMS.of("taro", "medical")):
            assert (await ask_records(city, name, good)).status == 403, name
        machine = await ask_records(city, "me", token())
        assert machine.status == 403
        assert machine.problem["type"].endswith(":no-resident")
        assert (await ask_records(city, "me", token("other", "taro"))).status == 403
        assert len(behind.heads) == asked


async def test_each_sector_is_told_its_own_name_of_a_resident() -> None:
    async with api() as one, api() as two:
        policy = snapshot(one.port)
        policy["upstreams"]["second"] = {
            **policy["upstreams"]["main"],
            "addresses": [f"127.0.0.1:{two.port}"],
            "sector": "medical",
        }
        policy["routes"] = [*ROUTES, route("/health", upstream="second")]
        async with gateway(policy) as city:
            good = token(resident="taro")
            await city.get("/stops", good)
            await city.get("/health", good)
        assert one.head("x-city-subject") == PSEUDONYMS.of("taro", "mobility")
        assert two.head("x-city-subject") == PSEUDONYMS.of("taro", "medical")
        assert b"taro" not in one.heads[-1] + two.heads[-1]
