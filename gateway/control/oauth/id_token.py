"""ID tokens (OpenID Connect Core 1.0 §2): who has signed in, told to the client that asked.

``sub`` is the same pairwise pseudonym as in the client's access tokens. Nothing else of the person
is in it: what a resident lets a client know is at UserInfo.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from gateway.control.oauth.access_token import TokenMaker, sign_in_claims
from gateway.control.oauth.records import Grant

LIFETIME: Final = 600
TYPE: Final = "JWT"
"""Never that of an access token: neither passes for the other (RFC 8725 §3.11)."""
CLAIMS: Final = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time"),
    *("nonce", "acr", "amr", "ial", "at_hash"),
)


def make(maker: TokenMaker, grant: Grant, access_token: str, nonce: str = "") -> str:
    """The ID token that goes with an access token.

    Args:
        nonce: of the authorization request; empty when it had none, and at a refresh (§12.2).
    """
    claims = {
        "iss": maker.issuer,
        "sub": maker.subject(grant.client_id, grant.resident_id),
        "aud": grant.client_id,
        "iat": maker.now,
        "exp": maker.now + LIFETIME,
        "at_hash": _half_hash(access_token),
        **sign_in_claims(grant),
    }
    return maker.sign({**claims, "nonce": nonce} if nonce else claims, TYPE)


def subject_of_hint(maker: TokenMaker, hint: str, client_id: str) -> str | None:
    """Whom an ``id_token_hint`` is about, to ``client_id``; an expired one will do (§3.1.2.1).

    Returns:
        ``None`` when it is no ID token that this issuer gave this client.
    """
    try:
        header = jws.extract_compact(hint.encode()).headers()
        key = maker.keys.verifier(str(header.get("kid")), maker.now)
        if key is None or header.get("typ") != TYPE:
            return None
        claims: dict[str, Any] = jwt.decode(hint, key.private, algorithms=[key.alg]).claims
    except (JoseError, ValueError, TypeError):
        return None
    ours = claims.get("iss") == maker.issuer and claims.get("aud") == client_id
    return str(claims["sub"]) if ours else None


def _half_hash(access_token: str) -> str:
    """``at_hash`` (§3.1.3.6), with the hash of ES256."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
