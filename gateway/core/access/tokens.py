"""Access tokens (RFC 9068): verified once, then remembered until they expire or are revoked.

Verifying a signature costs more than all the rest of a request. What a token grants is therefore
remembered under its bytes; each later request with it is one dictionary look-up and one comparison
with the clock. A change of policy costs nothing at once: a remembered grant is checked against the
new keys, clients and revocations the next time it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from gateway.core import bounds
from gateway.core.access.grant import (
    BAD_SIGNATURE,
    EARLY,
    EXPIRED,
    MALFORMED,
    UNKNOWN_KEY,
    WRONG_TYPE,
    Grant,
    hash_of,
    number,
)
from gateway.core.access.keys import Key, decode
from gateway.core.access.limits import Buckets, Rate
from gateway.core.cache import Recent
from gateway.core.policy.policy import Policy
from gateway.core.reply import MANY_FAILURES, Refused, Reply
from schemas.policy import TOKEN_TYPE
from schemas.pseudonym import Pseudonyms

LEEWAY: Final = 5
"""Seconds by which the issuer's clock may be ahead of this one."""
_FAILURES: Final = Rate({"requests": 50, "seconds": 10}, "failures", 1)
"""Bad tokens that one address may have verified."""


class Tokens:
    """All grants of one worker.

    Args:
        most: grants remembered.
        now: the wall clock, in seconds since the epoch.

    Attributes:
        wary: until then, on the loop's clock, some address may have sent too many bad ones.
    """

    def __init__(self, pseudonyms: Pseudonyms, most: int, now: Callable[[], float]) -> None:
        self._pseudonyms = pseudonyms
        self.now = now
        self._grants: Recent[bytes, Grant] = Recent(most)
        self._refused: Recent[bytes, Reply] = Recent(1_024)
        self._failures = Buckets(10_000)
        self._policy: Policy | None = None
        self.wary = 0.0
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
        if grant.expires <= self.now():
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
        self.bear(source, monotonic)
        grant = self._verify(token, policy)
        if isinstance(grant, Reply):
            self.failed(source, monotonic)
            if grant is not EARLY:
                self._refused.put(token, grant)
            raise Refused(grant)
        self._grants.put(token, grant)
        return grant

    def bear(self, source: str, monotonic: float) -> None:
        """Whether one more signature that ``source`` has sent is worth verifying.

        Raises:
            Refused: too many did not fit.
        """
        if self._failures.empty(source, _FAILURES, monotonic):
            raise Refused(MANY_FAILURES)

    def failed(self, source: str, monotonic: float) -> None:
        """One did not fit."""
        self.wary = monotonic + _FAILURES.window
        self._failures.take(source, _FAILURES, monotonic)

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
            grant.hash = hash_of(token) if grant.thumbprint else ""
            return self._times(grant, claims) or grant.check(policy) or grant
        except ValueError:
            return MALFORMED

    def _times(self, grant: Grant, claims: dict[str, Any]) -> Reply | None:
        now = self.now()
        if grant.expires <= now:
            return EXPIRED
        begins = number(claims, "nbf") if "nbf" in claims else grant.issued
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
