"""The key that a client proves to have: public, in the header of each proof (RFC 9449 §4.2)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, cast

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.core.access.keys import MAKERS, Verify, decode, rsa_key
from gateway.core.cache import Recent
from gateway.core.reply import PROOF_ALGORITHMS
from schemas.policy import Jwk

TYPE: Final = "dpop+jwt"
RSA_BITS: Final = 4_096
"""Longest RSA modulus: what a client brings must not cost more than it is worth."""
_PRIVATE: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_MEMBERS: Final = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
}
"""What a thumbprint is made of, in its order (RFC 7638 §3.2, RFC 8037 §2)."""
_PSS: Final = padding.PSS(padding.MGF1(SHA256()), 32)
_SHA256: Final = SHA256()


class ProofKey:
    """A key as a proof names it.

    Attributes:
        header: the bytes that named it: the first part of a proof, with its dot.
        thumbprint: RFC 7638, SHA-256, in base64url: the ``jkt`` of tokens that are bound to it.
        verify: checks one signature of the proof's algorithm.
    """

    __slots__ = ("header", "thumbprint", "verify")

    def __init__(self, header: bytes, thumbprint: str, verify: Verify) -> None:
        self.header = header
        self.thumbprint = thumbprint
        self.verify = verify


class ProofKeys:
    """Keys by the bytes of the header that named them, which is the same in all of a client's
    proofs: to make a key of a JWK costs as much as to verify with it."""

    def __init__(self, most: int) -> None:
        self._keys: Recent[bytes, ProofKey] = Recent(most)

    def __iter__(self) -> Iterator[ProofKey]:
        """Those that were asked for lately."""
        return iter(self._keys.young.values())

    def of(self, header: bytes, thumbprint: str) -> ProofKey:
        """The key in ``header``, the first part of a proof with its dot.

        Raises:
            ValueError: it is no header of a proof, or its key has another thumbprint.
        """
        found = self._keys.get(header)
        if found is None:
            found = _read(header, thumbprint)
            self._keys.put(header, found)
        if found.thumbprint != thumbprint:
            raise ValueError("another key")
        return found


def _read(header: bytes, wanted: str) -> ProofKey:
    said = orjson.loads(decode(header[:-1]))
    if not isinstance(said, dict) or said.get("typ") != TYPE or "crit" in said:
        raise ValueError(f"its typ is not {TYPE}, or it has critical extensions")
    alg, jwk = said.get("alg"), said.get("jwk")
    make = _MAKERS.get(alg) if isinstance(alg, str) else None
    if make is None or not isinstance(jwk, dict):
        raise ValueError(f"it has no jwk, or its alg is none of {', '.join(PROOF_ALGORITHMS)}")
    if _PRIVATE & jwk.keys():
        raise ValueError("its jwk is not a public key")
    thumbprint = thumbprint_of(jwk)
    if thumbprint != wanted:  # before anything is made of the key
        raise ValueError("its key is not the one that the token is bound to")
    try:
        return ProofKey(header, thumbprint, make(cast(Jwk, jwk)))
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError("its jwk is not whole") from error


def thumbprint_of(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 thumbprint of a public key.

    Raises:
        ValueError: it is of no kind that is known here, or not whole.
    """
    kind = jwk.get("kty")
    names = _MEMBERS.get(kind) if isinstance(kind, str) else None
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise ValueError("its jwk is no public key of a known kind")
    digest = sha256(orjson.dumps({name: jwk[name] for name in names})).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bounded(make: Callable[[Jwk], Verify]) -> Callable[[Jwk], Verify]:
    """``make`` for RSA keys that a stranger may choose."""

    def made(jwk: Jwk) -> Verify:
        if len(decode(jwk["n"].encode())) * 8 > RSA_BITS or len(decode(jwk["e"].encode())) > 4:
            raise ValueError(f"an RSA key of more than {RSA_BITS} bits, or an odd exponent")
        return make(jwk)

    return made


def _ps256(jwk: Jwk) -> Verify:
    key = rsa_key(jwk)

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, _PSS, _SHA256)
        except InvalidSignature:
            return False
        return True

    return verify


_MAKERS: Final[dict[str, Callable[[Jwk], Verify]]] = {
    "ES256": MAKERS["ES256"],
    "RS256": _bounded(MAKERS["RS256"]),
    "PS256": _bounded(_ps256),
    "EdDSA": MAKERS["EdDSA"],
    "Ed25519": MAKERS["EdDSA"],  # the same, by its name of RFC 9864
}
