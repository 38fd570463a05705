"""A client that holds a key, and proves it (RFC 9449)."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from gateway.core.proof.keys import thumbprint_of
from tests.gateway.core.city import ISSUER, Gateway, Reply, Signer, request, token

_serial = iter(range(10**9))


class Holder:
    """A key of a client's, the tokens that are bound to it, and proofs."""

    def __init__(self, alg: str = "ES256") -> None:
        self.signer = Signer("", alg)
        public = {"kty", "crv", "x", "y", "n", "e"}
        self.jwk = {name: value for name, value in self.signer.jwk.items() if name in public}
        self.thumbprint = thumbprint_of(self.jwk)

    def token(self, scope: str = "mobility:read", resident: str = "", **changes: Any) -> str:
        return token(scope, resident, **{"cnf": {"jkt": self.thumbprint}, **changes})

    def claims(self, bound: str, path: str = "/stops", method: str = "GET") -> dict[str, Any]:
        """What a good proof says."""
        return {
            "htm": method, "htu": ISSUER + path, "iat": int(time.time()), "ath": ath(bound),
            "jti": f"proof-{next(_serial)}",
        }  # fmt: skip

    def proof(self, claims: dict[str, Any], **header: Any) -> str:
        """A signed proof; ``header`` replaces members of its header."""
        usual = {"typ": "dpop+jwt", "alg": self.signer.alg, "jwk": self.jwk}
        return self.signer.jwt({**usual, **header}, claims)


def ath(bound: str) -> str:
    return urlsafe_b64encode(sha256(bound.encode()).digest()).rstrip(b"=").decode()


def asking(bound: str, *proofs: str, path: str = "/stops", method: str = "GET") -> bytes:
    fields = [f"DPoP: {proof}" for proof in proofs]
    return request(path, "", f"Authorization: DPoP {bound}", *fields, method=method)


async def ask(
    city: Gateway, bound: str, *proofs: str, path: str = "/stops", method: str = "GET"
) -> Reply:
    """A request with a token in the scheme of bound ones, and these proofs."""
    return await city.ask(asking(bound, *proofs, path=path, method=method))
