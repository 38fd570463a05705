"""Tokens that are bound to a key: good with a proof made for the very request, and else not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.proof.keys import ProofKeys
from gateway.core.proof.proof import Proofs
from gateway.core.proof.uri import normal
from gateway.core.reply import Refused
from tests.gateway.core.city import (
    ISSUER,
    OK,
    always,
    api,
    b64,
    gateway,
    route,
    snapshot,
    token,
    until,
)
from tests.gateway.core.proofs import Holder, ask, asking, ath

HOLDER = Holder()
THIEF = Holder()


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
async def test_a_proof_of_the_tokens_key_is_accepted(alg: str) -> None:
    holder = Holder(alg)
    bound = holder.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(2):
            answer = await ask(city, bound, holder.proof(holder.claims(bound)))
            assert answer.status == 200, answer
        assert city.core.tokens.verified == 1
        assert city.core.batch.verified == 2
        sent = behind.heads[-1].lower()
        assert b"dpop" not in sent, "neither token nor proof is shown to the API"
        assert b"authorization" not in sent


def bad_proofs(bound: str) -> dict[str, tuple[str, ...]]:
    """Proofs that prove nothing, each wrong in one way."""
    now = int(time.time())

    def wrong(*, key: Holder = HOLDER, header: dict[str, Any] | None = None, **changes: Any) -> str:
        claims = {**HOLDER.claims(bound), **changes}
        said = {name: value for name, value in claims.items() if value is not None}
        return key.proof(said, **(header or {}))

    good = wrong()
    head, payload, signature = good.split(".")
    private = {**HOLDER.jwk, "d": "AA"}
    return {
        "none": (),
        "two": (good, wrong()),
        "nonsense": ("nonsense",),
        "two parts": (f"{head}.{payload}",),
        "four parts": (good + ".x",),
        "too long": (good + "A" * 4_096,),
        "payload no json": (f"{head}.{b64(b'{')}.{signature}",),
        "claims no object": (HOLDER.proof([]),),  # type: ignore[arg-type]
        "another key": (wrong(key=THIEF),),
        "another key under our jwk": (wrong(key=THIEF, header={"jwk": HOLDER.jwk}),),
        "alg none": (f"{b64(b'{}')}.{payload}.",),
        "alg none with type": (wrong(header={"alg": "none"}),),
        "alg HS256": (wrong(header={"alg": "HS256"}),),
        "alg of another kind": (wrong(header={"alg": "RS256"}),),
        "alg a list": (wrong(header={"alg": ["ES256"]}),),
        "typ jwt": (wrong(header={"typ": "JWT"}),),
        "typ of a token": (wrong(header={"typ": "at+jwt"}),),
        "crit": (wrong(header={"crit": ["exp"]}),),
        "no jwk": (wrong(header={"jwk": None}),),
        "jwk with the private part": (wrong(header={"jwk": private}),),
        "jwk not whole": (wrong(header={"jwk": {"kty": "EC", "crv": "P-256"}}),),
        "jwk symmetric": (wrong(header={"jwk": {"kty": "oct", "k": "AA"}}),),
        "signature cut": (good[:-4],),
        "changed payload": (f"{head}.{b64(b'{}')}.{signature}",),
        "another method": (wrong(htm="POST"),),
        "method in lower case": (wrong(htm="get"),),
        "another path": (wrong(htu=ISSUER + "/open"),),
        "another host": (wrong(htu="https://evil.example/stops"),),
        "another scheme": (wrong(htu="http://city.example/stops"),),
        "another port": (wrong(htu="https://city.example:8443/stops"),),
        "a user in it": (wrong(htu="https://a@city.example/stops"),),
        "a path only": (wrong(htu="/stops"),),
        "target a number": (wrong(htu=1),),
        "old": (wrong(iat=now - 62),),
        "ahead": (wrong(iat=now + 20),),
        "no iat": (wrong(iat=None),),
        "iat true": (wrong(iat=True),),
        "iat text": (wrong(iat=str(now)),),
        "of another token": (wrong(ath=ath(token())),),
        "of no token": (wrong(ath=None),),
        "no jti": (wrong(jti=None),),
        "empty jti": (wrong(jti=""),),
        "long jti": (wrong(jti="j" * 257),),
        "jti a number": (wrong(jti=7),),
    }


NAMES = list(bad_proofs(HOLDER.token()))


@pytest.mark.parametrize("name", NAMES)
async def test_a_proof_that_proves_nothing_is_refused(name: str) -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        answer = await ask(city, bound, *bad_proofs(bound)[name])
        assert answer.status == 401, answer
        told = answer.fields["www-authenticate"]
        assert told.startswith('DPoP realm="supercity", resource_metadata="')
        assert 'error="invalid_dpop_proof"' in told
        assert 'algs="ES256 ' in told
        assert answer.problem["type"].endswith(":invalid-dpop-proof")
        assert behind.heads == []


@pytest.mark.parametrize(
    "uri", ["HTTPS://CITY.example:443/stops?x=1#y", ISSUER + "/st%6fps", ISSUER + "/stops?"]
)
async def test_other_spellings_of_the_target_are_the_same(uri: str) -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        proof = HOLDER.proof({**HOLDER.claims(bound), "htu": uri})
        assert (await ask(city, bound, proof, path="/stops?limit=1")).status == 200


async def test_head_is_proven_as_head_though_the_api_is_asked_with_get() -> None:
    bound = HOLDER.token()
    async with api(always(OK)) as behind, gateway(snapshot(behind.port)) as city:
        for method, status in {"HEAD": 200, "GET": 401}.items():
            proof = HOLDER.proof(HOLDER.claims(bound, method=method))
            assert (await ask(city, bound, proof, method="HEAD")).status == status


async def test_a_proof_is_good_once() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        claims = HOLDER.claims(bound)
        proof = HOLDER.proof(claims)
        assert (await ask(city, bound, proof)).status == 200
        for again in (proof, HOLDER.proof(claims)):  # also when it is signed anew
            answer = await ask(city, bound, again)
            assert answer.status == 401
            assert "used before" in answer.problem["detail"]
        assert len(behind.heads) == 1


async def test_what_another_client_calls_its_proof_is_no_replay() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for holder in (HOLDER, THIEF):
            bound = holder.token()
            proof = holder.proof({**holder.claims(bound), "jti": "the same"})
            assert (await ask(city, bound, proof)).status == 200


async def test_a_bound_token_is_worth_nothing_as_a_bearers() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        proof = HOLDER.proof(HOLDER.claims(bound))
        for fields in ((), (f"DPoP: {proof}",)):
            for _ in range(2):  # as well when its header section is remembered
                answer = await city.get("/stops", bound, *fields)
                assert answer.status == 401
                told = answer.fields["www-authenticate"]
                assert told.startswith("DPoP ")
                assert 'error="invalid_token"' in told
        assert behind.heads == []


async def test_a_bearers_token_is_not_taken_for_a_bound_one() -> None:
    free = token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        answer = await ask(city, free, HOLDER.proof(HOLDER.claims(free)))
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.fields["www-authenticate"]
        assert (await city.get("/stops", free)).status == 200


async def test_a_binding_that_is_not_understood_makes_a_token_good_for_nobody() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for cnf in ({"x5t#S256": "a"}, {}, "a", {"jkt": 1}, {"jkt": "a", "kid": "b"}):
            assert (await city.get("/stops", token(cnf=cnf))).status == 401


async def test_an_expired_bound_token_is_challenged_in_its_own_scheme() -> None:
    bound = HOLDER.token(exp=int(time.time()) - 1)
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        told = (await ask(city, bound)).fields["www-authenticate"]
        assert told.startswith("DPoP ")
        assert 'error="invalid_token"' in told


async def test_bad_signatures_from_one_address_are_not_verified_for_ever() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        forged = THIEF.proof(HOLDER.claims(bound), jwk=HOLDER.jwk)
        statuses = []
        for _ in range(60):
            raw.writer.write(asking(bound, forged))
            statuses.append((await raw.reply()).status)
        assert set(statuses) == {401, 429}
        assert city.core.batch.verified <= 55


async def test_a_proof_reaches_the_citys_own_open_routes_alone() -> None:
    """The authorization server checks proofs itself; an attached API has no use for them."""
    for internal in (True, False):
        async with api() as behind:
            policy = snapshot(behind.port)
            policy["upstreams"]["main"]["internal"] = internal
            policy["routes"] = [route("/open", "POST", access="open")]
            async with gateway(policy) as city:
                answer = await ask(city, "a.b.c", "a.proof.x", path="/open", method="POST")
                assert answer.status == 200
                assert behind.head("dpop") == ("a.proof.x" if internal else None)
                assert behind.head("authorization") == ("DPoP a.b.c" if internal else None)


async def test_when_no_more_can_be_remembered_it_is_refused() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        from gateway.core.proof.replays import Found

        city.core.replays.take_all = lambda names, *_: [Found.FULL] * len(names)  # type: ignore[method-assign]
        answer = await ask(city, bound, HOLDER.proof(HOLDER.claims(bound)))
        assert answer.status == 503
        assert answer.fields["retry-after"] == "1"
        assert behind.heads == []


def test_an_rsa_key_of_a_strangers_choice_is_bounded() -> None:
    keys = ProofKeys(10)
    for n, e in ((bytes([255]) * 1_024, b"\x01\x00\x01"), (bytes([255]) * 256, bytes(range(1, 9)))):
        holder = Holder("RS256")
        holder.jwk = {"kty": "RSA", "n": b64(n), "e": b64(e)}
        head = holder.proof({}).split(".")[0].encode() + b"."
        with pytest.raises(ValueError, match="RSA"):
            keys.of(head, thumbprint(holder.jwk))


def thumbprint(jwk: dict[str, Any]) -> str:
    from gateway.core.proof.keys import thumbprint_of

    return thumbprint_of(jwk)


def test_a_thumbprint_is_that_of_the_rfc() -> None:
    """RFC 7638 §3.1; other members of the key do not count."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJE"
        "CPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Q"
        "vzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"
        "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@given(
    st.text(max_size=60)
    | st.from_regex(r"https?://[a-z.:@\[\]0-9]+(/[%a-f0-9.]*)*", fullmatch=True)
)
def test_a_normal_spelling_is_normal(uri: str) -> None:
    try:
        once = normal(uri)
    except ValueError:
        return
    assert normal(once) == once


def flips(good: bytes) -> st.SearchStrategy[bytes]:
    def flip(at: int, to: int) -> bytes:
        return good[:at] + bytes([to]) + good[at + 1 :]

    # but for the last character, whose bits are not all used
    return st.builds(flip, st.integers(0, len(good) - 2), st.integers(0, 255))


_BOUND = HOLDER.token()
_CLAIMS = HOLDER.claims(_BOUND)
_GOOD = HOLDER.proof(_CLAIMS).encode()


class _Grant:
    thumbprint = HOLDER.thumbprint
    hash = ath(_BOUND)
    prover = None


class _Line:
    verb, target = "GET", ISSUER + "/stops"


@given(st.binary(max_size=80) | flips(_GOOD))
def test_a_proof_with_anything_changed_is_refused(text: bytes) -> None:
    if text == _GOOD:
        return
    grant: Any = _Grant()
    line: Any = _Line
    read = Proofs().read
    for known in (False, True):  # also when the key is known by the proof's beginning
        if known:
            read(_GOOD, grant, line, _CLAIMS["iat"])
        try:
            key, signed, signature, _ = read(text, grant, line, _CLAIMS["iat"])
        except Refused as refused:
            assert refused.reply.status == 401
        else:
            assert not key.verify(signature, signed)


async def test_what_an_emergency_may_open_asks_for_proof_and_scope_all_the_same() -> None:
    """Such a route has one step with all others in it: none is left out after the proof."""
    opened = route("/stops", emergency="open")
    async with api() as behind, gateway(snapshot(behind.port, routes=[opened])) as city:
        for scope, status in {"mobility:read": 200, "another:scope": 403}.items():
            bound = HOLDER.token(scope)
            claims = HOLDER.claims(bound)
            assert (await ask(city, bound, HOLDER.proof(claims))).status == status
            assert (await ask(city, bound, HOLDER.proof(claims))).status == 401
        assert len(behind.heads) == 1


async def test_of_the_same_proof_in_many_requests_at_once_one_is_good() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        asked = asking(bound, HOLDER.proof(HOLDER.claims(bound)))
        raws = [await city.open() for _ in range(8)]
        for raw in raws:
            raw.writer.write(asked)
        statuses = sorted([(await raw.reply()).status for raw in raws])
        assert statuses == [200] + [401] * 7
        assert len(behind.heads) == 1


async def test_a_request_whose_client_goes_while_its_proof_waits_goes_nowhere() -> None:
    bound = HOLDER.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        batch = city.core.batch
        run, batch.run = batch.run, lambda: None  # type: ignore[method-assign]
        raw = await city.open()
        raw.writer.write(asking(bound, HOLDER.proof(HOLDER.claims(bound))))
        await until(lambda: len(batch._waiting) == 1)
        raw.writer.close()
        await until(lambda: city.core.under_way == 0)
        run()
        assert behind.heads == []
