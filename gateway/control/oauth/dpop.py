"""Proof of possession (DPoP, RFC 9449): a token is worth something only with its key.

The routing core checks proofs on the way to an API; here they are checked where tokens are issued
(§5) and at UserInfo. No nonces (§8): what a proof says of its time is believed for a minute, and
its ``jti`` is taken once by all processes of the control plane together.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.control.oauth.signatures import ALGORITHMS, REGISTRY

TYPE: Final = "dpop+jwt"
OLDEST: Final = 60
"""Seconds since a proof was made."""
AHEAD: Final = 5
"""Seconds that a client's clock may be before this one."""
_LONGEST: Final = 8_192
_LONGEST_JTI: Final = 256
_LARGEST_RSA: Final = 4_096  # bits: whoever sends a key chooses what checking it costs
_PORTS: Final = {"https": 443, "http": 80}


class InvalidProof(OAuth2Error):  # type: ignore[misc]
    """§5: the error of a request whose proof is missing or wrong."""

    error = "invalid_dpop_proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds, as long as nobody has used it before.

    Attributes:
        jkt: thumbprint of its key (RFC 7638), as in ``cnf.jkt``.
        jti: hashed.
        expires: until when its ``jti`` must be remembered.
    """

    jkt: str
    jti: str
    expires: int


def check(fields: Sequence[str], method: str, uri: str, now: int, token: str = "") -> Proof | None:
    """The proof of a request; ``None`` when it has none (§4.3, whose numbers are in the code).

    Args:
        fields: every ``DPoP`` field of the request.
        uri: the request's, as clients know it, without query.
        token: the access token that it must go with (``ath``), at a resource.

    Raises:
        InvalidProof: there is one, and it does not hold.
    """
    if not fields:
        return None
    if len(fields) > 1:
        raise InvalidProof("Send one DPoP field.")  # 1
    key, claims = _verified(fields[0])
    if claims.get("htm") != method:
        raise InvalidProof("htm is not the method of this request.")  # 8
    if _same_form(claims.get("htu")) != _same_form(uri):
        raise InvalidProof("htu is not the address of this request.")  # 9
    issued = claims.get("iat")
    if type(issued) is not int or not now - OLDEST <= issued <= now + AHEAD:
        raise InvalidProof("iat is not now: make a new proof for each request.")  # 11
    if token and not _goes_with(claims.get("ath"), token):
        raise InvalidProof("ath is not the hash of the access token.")  # 12
    return Proof(key.thumbprint(), _jti(claims), issued + OLDEST + 1)


def _verified(proof: str) -> tuple[jwk.Key, dict[str, Any]]:
    """The key and the claims of a proof that is signed with the key in its header (2 to 7)."""
    if len(proof) > _LONGEST:
        raise InvalidProof("The proof is too long.")
    try:
        header = jws.extract_compact(proof.encode(), registry=REGISTRY).headers()
        if header.get("typ") != TYPE or header.get("alg") not in ALGORITHMS:
            raise InvalidProof(f"The proof needs typ {TYPE} and alg {' or '.join(ALGORITHMS)}.")
        key = _public_key(header.get("jwk"))
        claims = jwt.decode(proof, key, registry=REGISTRY).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidProof("The proof is no JWT signed with the key in its header.") from error
    return key, claims


def _public_key(found: object) -> jwk.Key:
    if not isinstance(found, dict):
        raise InvalidProof("The proof has no jwk in its header.")
    key = jwk.import_key(found)
    if isinstance(key, OctKey) or key.is_private:
        raise InvalidProof("The proof's jwk must be a public key, and nothing but that.")
    if isinstance(key, RSAKey) and not 2_048 <= key.public_key.key_size <= _LARGEST_RSA:
        raise InvalidProof(f"An RSA key has 2048 to {_LARGEST_RSA} bits.")
    if isinstance(key, ECKey) and key.curve_name != "P-256":
        raise InvalidProof("ES256 needs a key of P-256.")
    return key


def _jti(claims: dict[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise InvalidProof("The proof needs a jti.")
    return hashlib.sha256(jti.encode("utf-8", "surrogatepass")).hexdigest()


def _same_form(uri: object) -> str:
    """RFC 3986 §6.2.2 and §6.2.3, as §4.3 has it compared: without query and fragment."""
    if not isinstance(uri, str):
        return ""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return ""
    if parts.username is not None or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    named = "" if port in {None, _PORTS.get(parts.scheme)} else f":{port}"
    return f"{parts.scheme}://{host}{named}{parts.path or '/'}"


def _goes_with(ath: object, token: str) -> bool:
    digest = hashlib.sha256(token.encode()).digest()
    expected = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return isinstance(ath, str) and hmac.compare_digest(ath.encode(), expected.encode())
