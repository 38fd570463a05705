"""What a verified token allows, and what may speak against it."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from gateway.core.access.keys import Key
from gateway.core.consent import held
from gateway.core.policy.policy import Client, Policy
from gateway.core.reply import Reply, invalid_token
from schemas.consent import CLAIM as CLAIM_CONSENTS
from schemas.headers import CLIENT, CONSENTS, EXPIRES, GATEWAY_KEY, GRANT, OPERATOR, SCOPE, SUBJECT
from schemas.policy import ACR, CLAIM_GRANT, CLAIM_PROOFING, CLAIM_RESIDENT
from schemas.pseudonym import Pseudonyms

if TYPE_CHECKING:
    from gateway.core.proof.keys import ProofKey

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
        consents: by data set, those of the token that were not withdrawn under that policy; another
            object when one was, and never that of another grant.
        authenticator, proofing: assurance levels of the sign-in and of the person; 0 if unknown.
        thumbprint: of the key that the token is bound to (RFC 9449 §6.1); ``""`` if to none.
        prover: the key itself, as its last proof named it.
        hash: of the token, as a proof names it (``ath``); only where it is bound.
    """

    __slots__ = (
        "_carried", "_identity", "_living", "audience", "authenticator", "checked", "client",
        "client_id", "consents", "expires", "family", "hash", "issued", "issuer", "jti", "key",
        "proofing", "prover", "resident", "scopes", "subject", "thumbprint",
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
        (self.family,) = _texts(claims, CLAIM_GRANT) if claims.get(CLAIM_GRANT) else ("",)
        scope = claims.get("scope", "")
        self.scopes = frozenset(scope.split(" ")) if _is_text(scope) else frozenset()
        sealed = claims.get(CLAIM_RESIDENT, "")
        self.resident = pseudonyms.open(sealed, self.client_id) if sealed else ""
        self.key = key
        self.thumbprint = _thumbprint(claims)
        self.hash = ""
        self.prover: ProofKey | None = None
        self.authenticator = ACR.get(str(claims.get("acr", "")), 0)
        self.proofing = int(number(claims, CLAIM_PROOFING)) if CLAIM_PROOFING in claims else 0
        self._carried = self._living = held.read(claims.get(CLAIM_CONSENTS))
        self.consents = held.by_dataset(self._living)
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
        if gateway_key and not self.resident and self.subject != self.client_id:
            said[OPERATOR] = self.subject
        if gateway_key and self.resident:
            said[GRANT] = self.family
            said[CONSENTS] = json.dumps([one.detail for one in self._living], separators=(",", ":"))
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
        self._leave_out(revoked.get("consents", {}))
        self.client = client
        self.checked = policy
        return None

    def _leave_out(self, withdrawn: dict[str, int]) -> None:
        """Withdrawn one by one, while the rest of the grant lives on."""
        living = tuple(one for one in self._carried if one.id not in withdrawn)
        if living != self._living:
            self._living = living
            self.consents = held.by_dataset(living)
            self._identity.clear()  # it names them


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def _texts(claims: dict[str, Any], *names: str) -> tuple[str, ...]:
    found = tuple(claims.get(name) for name in names)
    if not all(map(_is_text, found)):
        raise ValueError("a claim is missing or no text")
    return found  # type: ignore[return-value]


def _thumbprint(claims: dict[str, Any]) -> str:
    """RFC 9449 §6.1. A token that is bound in a way that is not checked here is good for nobody."""
    if "cnf" not in claims:
        return ""
    confirmation = claims["cnf"]
    found = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if not isinstance(found, str) or not found or len(confirmation) != 1:
        raise ValueError("a confirmation that is not understood")
    return found


def hash_of(token: bytes) -> str:
    """The ``ath`` of a proof for ``token`` (RFC 9449 §4.2)."""
    return urlsafe_b64encode(sha256(token).digest()).rstrip(b"=").decode()


def number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"claim {name} is no number")  # noqa: TRY004
    return value
