"""What a verified token allows, and what may speak against it."""

from __future__ import annotations

import re
from typing import Any, Final

from gateway.core.access.keys import Key
from gateway.core.policy.policy import Client, Policy
from gateway.core.reply import Reply, invalid_token
from schemas.headers import CLIENT, EXPIRES, GATEWAY_KEY, SCOPE, SUBJECT
from schemas.policy import CLAIM_GRANT, CLAIM_RESIDENT
from schemas.pseudonym import Pseudonyms

_TEXT: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?")

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
        self.issued = number(claims, "iat")
        self.expires = number(claims, "exp")
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
        said[EXPIRES] = str(int(self.expires))
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


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def _texts(claims: dict[str, Any], *names: str) -> tuple[str, ...]:
    found = tuple(claims.get(name) for name in names)
    if not all(map(_is_text, found)):
        raise ValueError("a claim is missing or no text")
    return found  # type: ignore[return-value]


def number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"claim {name} is no number")  # noqa: TRY004
    return value
