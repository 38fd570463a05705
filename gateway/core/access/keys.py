"""Public keys that access tokens are signed with (RFC 7517, RFC 7518, RFC 8037)."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from schemas.policy import ALGORITHMS, Jwk

_BASE64URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_ECDSA: Final = ec.ECDSA(SHA256())
_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = SHA256()
RSA_BITS: Final = 2048
"""Shortest RSA modulus (RFC 7518 §3.3)."""

Verify = Callable[[bytes, bytes], bool]
"""(signature, signed bytes) → whether one is the other's."""


class Key:
    """One key: the algorithm is the key's, never the token's (RFC 8725 §3.1).

    Attributes:
        kid, alg: as in the JWK.
        material: what identifies the key itself, so that a ``kid`` used again is seen.
        verify: checks one signature.

    Raises:
        ValueError: the JWK is not a usable public key of an accepted algorithm.
    """

    __slots__ = ("alg", "kid", "material", "verify")

    def __init__(self, jwk: Jwk) -> None:
        self.kid = jwk["kid"]
        self.alg = jwk["alg"]
        if self.alg not in ALGORITHMS:
            raise ValueError(f"algorithm {self.alg!r} is none of {', '.join(ALGORITHMS)}")
        if jwk.get("use", "sig") != "sig":
            raise ValueError("the key is not for signatures")
        self.material = "|".join(str(jwk.get(part, "")) for part in ("alg", "x", "y", "n", "e"))
        self.verify: Verify = MAKERS[self.alg](jwk)


def decode(text: bytes) -> bytes:
    """Base64url without padding, strictly (RFC 7515 §2).

    Raises:
        ValueError: there is any other character, or a length that cannot be.
    """
    if not text:
        raise ValueError("not base64url")
    padded = text.translate(_BASE64URL) + b"=" * (-len(text) % 4)
    return a2b_base64(padded, strict_mode=True)


def _es256(jwk: Jwk) -> Verify:
    if jwk["kty"] != "EC" or jwk.get("crv") != "P-256":
        raise ValueError("ES256 needs an EC key on P-256")
    x, y = (int.from_bytes(decode(jwk[part].encode())) for part in ("x", "y"))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    def verify(signature: bytes, signed: bytes) -> bool:
        if len(signature) != 64:
            return False
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        try:
            key.verify(encode_dss_signature(r, s), signed, _ECDSA)
        except InvalidSignature:
            return False
        return True

    return verify


def rsa_key(jwk: Jwk) -> rsa.RSAPublicKey:
    """The RSA key of a JWK.

    Raises:
        ValueError: it is none, or too short.
    """
    if jwk["kty"] != "RSA":
        raise ValueError("RS256 needs an RSA key")
    e, n = (int.from_bytes(decode(jwk[part].encode())) for part in ("e", "n"))
    if n.bit_length() < RSA_BITS:
        raise ValueError(f"an RSA key needs {RSA_BITS} bits")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _rs256(jwk: Jwk) -> Verify:
    key = rsa_key(jwk)

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, _PKCS1, _SHA256)
        except InvalidSignature:
            return False
        return True

    return verify


def _eddsa(jwk: Jwk) -> Verify:
    if jwk["kty"] != "OKP" or jwk.get("crv") != "Ed25519":
        raise ValueError("EdDSA needs an OKP key on Ed25519")
    key = Ed25519PublicKey.from_public_bytes(decode(jwk["x"].encode()))

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


MAKERS: Final[dict[str, Callable[[Jwk], Verify]]] = {
    "ES256": _es256,
    "RS256": _rs256,
    "EdDSA": _eddsa,
}
"""By algorithm, what makes a JWK into a check; all raise ValueError."""
