"""Personal reads: tokens with a consent in them, bound to a key; and proofs of that key.

Each request needs a proof of its own (RFC 9449), so there are as many as can be asked with in one
run, all signed beforehand; they are good for a minute. What a client spends on its signatures is
its own matter, and not measured.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson

from loadtests.peers import work
from schemas.pseudonym import Pseudonyms

PAIRWISE_KEY = b"0" * 32
DATASET = "visits"
BASE = "/residents/v1/visits"
"""The collection whose members are about the resident."""
SCOPE = "visits:read"


class Holder:
    """A client's key, the tokens that are bound to it, and proofs."""

    def __init__(self, signer: work.Signer, holder: work.Signer) -> None:
        """``signer`` is the city's key, ``holder`` the client's."""
        self._signer, self._holder = signer, holder
        self._pseudonyms = Pseudonyms(PAIRWISE_KEY)
        names = ("e", "kty", "n") if holder.alg == "RS256" else ("crv", "kty", "x", "y")
        self._jwk = {name: holder.jwk[name] for name in names}
        thumbprint = urlsafe_b64encode(sha256(orjson.dumps(self._jwk)).digest())
        self._bound = {"cnf": {"jkt": thumbprint.rstrip(b"=").decode()}}
        self._tokens: list[str] = []

    def token(self, number: int, *fields: str, bound: bool = True) -> str:
        """A resident's token of client ``number % CLIENTS``, with a consent to all or some."""
        client = f"client-{number % work.CLIENTS}"
        resident = f"resident-{number}"
        consent: dict[str, Any] = {
            "type": "city_data", "dataset": DATASET, "purpose": "care",
            "consent_id": f"consent-{number}", "until": int(time.time()) + 36_000,
        }  # fmt: skip
        if fields:
            consent["fields"] = fields
        return self._signer.token(
            number, scope=SCOPE, gid=f"grant-{number}", authorization_details=[consent],
            sub=self._pseudonyms.of(resident, f"client:{client}"),
            rid=self._pseudonyms.seal(resident, client), **(self._bound if bound else {}),
        )  # fmt: skip

    def proof(self, token: str, path: str, number: int) -> str:
        """A proof for a GET of ``path`` with ``token``."""
        ath = urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
        claims = {
            "htm": "GET", "htu": work.ISSUER + path, "iat": int(time.time()),
            "jti": f"proof-{time.time_ns()}-{number}", "ath": ath,
        }  # fmt: skip
        return self._holder.jwt(
            {"typ": "dpop+jwt", "alg": self._holder.alg, "jwk": self._jwk}, claims
        )

    def credentials(self, count: int, paths: list[str]) -> Iterator[str]:
        """So many values of the fields ``Authorization`` and ``DPoP``, for ``paths`` in turn."""
        tokens = self._tokens = self._tokens or [self.token(at) for at in range(work.TOKENS)]
        for number in range(count):
            token = tokens[number % len(tokens)]
            yield f"DPoP {token}\\r\\nDPoP: {self.proof(token, paths[number % len(paths)], number)}"


def route(route: dict[str, Any]) -> dict[str, Any]:
    """The route of the personal collection, otherwise like ``route``."""
    return {
        **route, "id": "bench.personal", "path": BASE + "/{id}", "access": "personal",
        "scopes": [[SCOPE]], "dataset": DATASET,
    }  # fmt: skip


DATASETS = {
    DATASET: {
        "legal_class": "personal",
        "domain": "medical",
        "fields": {"name": ["items.name"], "id": ["items.id"]},
    }
}
