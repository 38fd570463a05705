"""What a developer pastes as a public key: a JWK, a set of them, or PEM."""

from __future__ import annotations

import json
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.control.oauth.registration import check_jwks

LONGEST: Final = 20_000
_KINDS: Final = (ECKey, OKPKey, RSAKey)
_PEM: Final = "-----BEGIN "


def read(text: str) -> dict[str, Any]:
    """A set of public keys (RFC 7517 §5).

    Raises:
        ValueError: it is none, or holds a private key.
    """
    given = text.strip()
    if len(given) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    found = _from_pem(given) if given.startswith(_PEM) else _from_json(given)
    jwks = found if "keys" in found else {"keys": [found]}
    check_jwks(jwks)
    return jwks


def _from_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise ValueError("is neither a JWK (RFC 7517) nor PEM")


def _from_pem(text: str) -> dict[str, Any]:
    if "PRIVATE KEY" in text:
        raise ValueError("holds a private key: send public keys only, and replace it")
    for kind in _KINDS:
        try:
            return {**kind.import_key(text).as_dict(private=False)}
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("is no public key in PEM (RFC 7468)")
