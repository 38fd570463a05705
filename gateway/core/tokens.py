"""Access tokens (RFC 9068): verified once, then remembered until they expire or are revoked.

Verifying a signature costs more than all the rest of a request. What a token grants is therefore
remembered under its bytes; each later request with it is one dictionary look-up and one comparison
with the clock. A change of policy costs nothing at once: a remembered grant is checked against the
new keys, clients and revocations the next time it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from gateway.core import bounds
from gateway.core.cache import Recent
from gateway.core.keys import Key, decode
from gateway.core.limits import Buckets, Rate
from gateway.core.policy import Client, Policy
from gateway.core.reply import MANY_FAILURES, Refused, Reply, invalid_token
from schemas.headers import CLIENT, GATEWAY_KEY, SCOPE, SUBJECT
from schemas.policy import CLAIM_GRANT, CLAIM_RESIDENT, TOKEN_TYPE
from schemas.pseudonym import Pseudonyms

LEEWAY: Final = 5
"""Seconds by which the issuer's clock may be ahead of this one."""
_TEXT: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")
_FAILURES: Final = Rate({"requests": 50, "seconds": 10}, "failures", 1)
"""Bad tokens that one address may have verified."""

MALFORMED: Final = invalid_token("it is not a signed JWT access token", "token-malformed")
UNKNOWN_KEY: Final = invalid_token("its key is not known", "token-key")
BAD_SIGNATURE: Final = invalid_token("its signature does not fit", "token-signature")
WRONG_TYPE: Final = invalid_token("it is not of type at+jwt", "token-type")
WRONG_ISSUER: Final = invalid_token("another server issued it", "token-issuer")
WRONG_AUDIENCE: Final = invalid_token("it is meant for another audience", "token-audience")
EXPIRED: Final = invalid_token("it has expired", "token-expired")
EARLY: Final = invalid_token("it is not valid yet", "token-early")
REVOKED: Final = invalid_token("it was revoked", "token-revoked")
NO_CLIENT: Final = invalid_token("its client is not registered or is suspended", "token-client")


class Grant:
    """What a verified token allows.

    Attributes:
        client: the registered client; ``client_id`` its name.
        scopes: of the token.
        resident: whom the token is about, ``""`` for an application's own token. Never logged,
            never sent on: upstreams get a pseudonym (:meth:`pseudonym`).
        expires, issued: seconds since the epoch.
        checked: the policy against which the grant was last found good.
    """

    __slots__ = (
        "_identity", "audience", "checked", "client", "client_id", "expires", "family", "issued",
        "issuer", "jti", "key", "resident", "scopes", "subject",
    )  # fmt: skip

    client: Client
    checked: Policy

    def __init__(self, claims: dict[str, Any], key: Key, pseudonyms: Pseudonyms) -> None:
        text = _texts(claims, "iss", "sub", "client_id", "jti")
        self.issuer, self.subject, self.client_id, self.jti = text
        audience = claims.get("aud")
        self.audience = (audience,) if isinstance(audience, str) else tuple(audience or ())
        self.issued = _number(claims, "iat")
        self.expires = _number(claims, "exp")
        self.family = str(claims.get(CLAIM_GRANT, ""))
        scope = claims.get("scope", "")
        self.scopes = frozenset(scope.split(" ")) if _is_text(scope) else frozenset()
        sealed = claims.get(CLAIM_RESIDENT, "")
        self.resident = pseudonyms.open(sealed, self.client_id) if sealed else ""
        self.key = key
        self._identity: dict[str, bytes] = {}

    def pseudonym(self, sector: str, pseudonyms: Pseudonyms) -> str:
        """The resident's name in ``sector``."""
        return pseudonyms.of(self.resident, sector)

    def identity(self, sector: str, gateway_key: bytes, pseudonyms: Pseudonyms) -> bytes:
        """The ``X-City-*`` fields that tell an API of this sector who is calling.

        Args:
            gateway_key: proof that the gateway says so; ``b""`` for APIs that are not the city's.
        """
        name = sector if gateway_key else "\0" + sector
        found = self._identity.get(name)
        if found is None:
            found = self._identity[name] = self._write(sector, gateway_key, pseudonyms)
        return found

    def _write(self, sector: str, gateway_key: bytes, pseudonyms: Pseudonyms) -> bytes:
        said = {CLIENT: self.client_id, SCOPE: " ".join(sorted(self.scopes))}
        if self.resident:
            said[SUBJECT] = self.pseudonym(sector, pseudonyms)
        if gateway_key:
            said[GATEWAY_KEY] = gateway_key.decode()
        return "".join(f"{name}: {value}\r\n" for name, value in said.items()).encode()

    def check(self, policy: Policy) -> Reply | None:
        """What speaks against the grant under ``policy``; None, and remembered, if nothing does."""
        revoked = policy.revoked
        client = policy.clients.get(self.client_id)
        key = policy.keys.get(self.key.kid)
        if key is None or key.material != self.key.material:
            return UNKNOWN_KEY
        if self.issuer != policy.issuer:
            return WRONG_ISSUER
        if policy.audience not in self.audience:
            return WRONG_AUDIENCE
        if client is None or client.suspended:
            return NO_CLIENT
        if (
            self.jti in revoked["tokens"]
            or (self.family and self.family in revoked["families"])
            or self.issued <= revoked["clients"].get(self.client_id, -1)
        ):
            return REVOKED
        self.client = client
        self.checked = policy
        return None


class Tokens:
    """All grants of one worker.

    Args:
        most: grants remembered.
        now: the wall clock, in seconds since the epoch.
    """

    def __init__(self, pseudonyms: Pseudonyms, most: int, now: Callable[[], float]) -> None:
        self._pseudonyms = pseudonyms
        self._now = now
        self._grants: Recent[bytes, Grant] = Recent(most)
        self._refused: Recent[bytes, Reply] = Recent(1_024)
        self._failures = Buckets(10_000)
        self._policy: Policy | None = None
        self.verified = 0
        self.remembered = 0

    def grant(self, token: bytes, policy: Policy, source: str, monotonic: float) -> Grant:
        """What ``token`` allows under ``policy``.

        Args:
            source: the address that sent it; too many bad tokens from one are not looked at.
            monotonic: for the bucket of failures.

        Raises:
            Refused: 401 with the reason, or 429.
        """
        grants = self._grants
        grant = grants.young.get(token) or grants.older(token)
        if grant is None:
            return self._first(token, policy, source, monotonic)
        self.remembered += 1
        if grant.expires <= self._now():
            grants.drop(token)
            raise Refused(EXPIRED)
        if grant.checked is not policy:
            against = grant.check(policy)
            if against is not None:
                raise Refused(against)
        return grant

    def _first(self, token: bytes, policy: Policy, source: str, monotonic: float) -> Grant:
        if self._policy is not policy:  # what was unknown under the last policy may be known now
            self._refused.clear()
            self._policy = policy
        known = self._refused.get(token)
        if known is not None:
            raise Refused(known)
        if self._failures.empty(source, _FAILURES, monotonic):
            raise Refused(MANY_FAILURES)
        grant = self._verify(token, policy)
        if isinstance(grant, Reply):
            self._failures.take(source, _FAILURES, monotonic)
            if grant is not EARLY:
                self._refused.put(token, grant)
            raise Refused(grant)
        self._grants.put(token, grant)
        return grant

    def _verify(self, token: bytes, policy: Policy) -> Grant | Reply:
        """RFC 9068 §4, in its order."""
        self.verified += 1
        if len(token) > bounds.TOKEN_BYTES or token.count(b".") != 2:
            return MALFORMED
        signed, _, signature = token.rpartition(b".")
        head, _, payload = signed.partition(b".")
        try:
            key = _key(_object(head), policy)
            if isinstance(key, Reply):
                return key
            if not key.verify(decode(signature), signed):
                return BAD_SIGNATURE
            claims = _object(payload)
            grant = Grant(claims, key, self._pseudonyms)
            return self._times(grant, claims) or grant.check(policy) or grant
        except ValueError:
            return MALFORMED

    def _times(self, grant: Grant, claims: dict[str, Any]) -> Reply | None:
        now = self._now()
        if grant.expires <= now:
            return EXPIRED
        begins = _number(claims, "nbf") if "nbf" in claims else grant.issued
        return EARLY if max(begins, grant.issued) > now + LEEWAY else None


def _key(header: dict[str, Any], policy: Policy) -> Key | Reply:
    if str(header.get("typ", "")).lower().removeprefix("application/") != TOKEN_TYPE:
        return WRONG_TYPE
    if "crit" in header:  # no extension is understood here (RFC 7515 §4.1.11)
        return MALFORMED
    kid = header.get("kid")
    key = policy.keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        return UNKNOWN_KEY
    return key if header.get("alg") == key.alg else BAD_SIGNATURE


def _object(part: bytes) -> dict[str, Any]:
    found = orjson.loads(decode(part))  # its error is a ValueError
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what a token holds is a value here
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def _texts(claims: dict[str, Any], *names: str) -> tuple[str, ...]:
    found = tuple(claims.get(name) for name in names)
    if not all(map(_is_text, found)):
        raise ValueError("a claim is missing or no text")
    return found  # type: ignore[return-value]


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"claim {name} is no number")  # noqa: TRY004
    return value
