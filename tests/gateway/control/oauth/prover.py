"""A client's key, and the proofs that it makes with it (RFC 9449 §4.2)."""

from __future__ import annotations

import hashlib
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key

from gateway.control.oauth.signatures import REGISTRY
from tests.gateway.control.city import PUBLIC, City

TOKEN = f"{PUBLIC}/oauth/token"


@dataclass
class Prover:
    """One key."""

    city: City
    key: Key = field(default_factory=lambda: ECKey.generate_key("P-256"))
    alg: str = "ES256"

    @property
    def jkt(self) -> str:
        return self.key.thumbprint()

    def proof(self, uri: str = TOKEN, method: str = "POST", token: str = "", **changes: Any) -> str:
        """A proof; a claim given as ``None`` is left out."""
        claims: dict[str, Any] = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": uri,
            "iat": int(self.city.clock.now.timestamp()),
        }
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode()
        given = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return self.sign(given)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        public = self.key.as_dict(private=False)
        protected = {"alg": self.alg, "typ": "dpop+jwt", "jwk": public, **header}
        return jwt.encode(protected, claims, self.key, registry=REGISTRY)

    def headers(self, *args: Any, **changes: Any) -> dict[str, str]:
        return {"dpop": self.proof(*args, **changes)}
