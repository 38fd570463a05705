"""JWT access tokens (RFC 9068), made and read.

``aud`` is the public address of the gateway: one resource server stands for all APIs, and scopes
say which. A resident appears pairwise: ``sub`` is the client's own pseudonym for them, ``rid`` the
resident sealed for the gateway alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from gateway.control.consent.records import Given
from gateway.control.oauth.acting import Acting
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant
from gateway.control.oauth.signing_keys import KeyRing
from gateway.control.staff import grants as staff_grants
from gateway.control.staff.grants import StaffGrant
from schemas.consent import CLAIM
from schemas.policy import ALGORITHMS, CLAIM_GRANT, CLAIM_PROOFING, CLAIM_RESIDENT, TOKEN_TYPE
from schemas.pseudonym import Pseudonyms

RESIDENT_LIFETIME: Final = 600
MACHINE_LIFETIME: Final = 3600
_LIFETIMES: Final = {Grant: RESIDENT_LIFETIME, StaffGrant: staff_grants.LIFETIME}


@dataclass(frozen=True, slots=True)
class TokenMaker:
    """Args:
    issuer: the public address, which is audience too.
    keys: the ring to sign with.
    now: seconds since the epoch.
    """

    issuer: str
    keys: KeyRing
    pseudonyms: Pseudonyms
    now: int

    def make(
        self,
        client: Client,
        scope: str,
        grant: Grant | StaffGrant | None,
        consents: Sequence[Given] = (),
        jkt: str = "",
        acting: Acting | None = None,
        longest: int | None = None,
    ) -> tuple[str, int]:
        """A signed token, and the seconds it lives.

        Args:
            consents: those of the grant that it is to carry.
            jkt: thumbprint of the key that it is bound to (RFC 9449 §6.1); empty for none.
            acting: of a token exchange, after which it lives no longer than the token before.
            longest: seconds that it may live, where less is wanted than such tokens have.
        """
        lifetime = longest or _LIFETIMES.get(type(grant), MACHINE_LIFETIME)
        if grant:
            lifetime = min(lifetime, grant.expires - self.now)
        if acting:
            lifetime = min(lifetime, acting.expires - self.now)
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": client.client_id,
            "client_id": client.client_id,
            "scope": scope,
            "iat": self.now,
            "exp": self.now + lifetime,
            "jti": uuid.uuid4().hex,
        }
        if grant:
            claims |= self._claims_of(client, grant)
        if consents:
            claims[CLAIM] = [one.as_detail() for one in consents]
        if jkt:
            claims["cnf"] = {"jkt": jkt}
        if acting:
            claims["act"] = {"sub": client.client_id}  # RFC 8693 §4.1
        return self.sign(claims, TOKEN_TYPE), lifetime

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        key = self.keys.signer(self.now)
        header = {"alg": key.alg, "kid": key.kid, "typ": typ}
        return jwt.encode(header, claims, key.private, algorithms=[key.alg])

    def subject(self, client_id: str, resident_id: str) -> str:
        """The name by which a client knows a resident."""
        return self.pseudonyms.of(resident_id, f"client:{client_id}")

    def _claims_of(self, client: Client, grant: Grant | StaffGrant) -> dict[str, Any]:
        if isinstance(grant, StaffGrant):
            return grant.claims()
        return self._resident_claims(client, grant)

    def _resident_claims(self, client: Client, grant: Grant) -> dict[str, Any]:
        return {
            "sub": self.subject(client.client_id, grant.resident_id),
            **sign_in_claims(grant),
            CLAIM_RESIDENT: self.pseudonyms.seal(grant.resident_id, client.client_id),
            CLAIM_GRANT: grant.gid,
        }

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that this issuer signed and that has not expired, else ``None``."""
        try:
            header = jws.extract_compact(token.encode()).headers()
            key = self.keys.verifier(str(header.get("kid")), self.now)
            if key is None or header.get("typ") != TOKEN_TYPE or key.alg not in ALGORITHMS:
                return None
            claims = jwt.decode(token, key.private, algorithms=[key.alg]).claims
        except (JoseError, ValueError, TypeError):
            return None
        ours = claims.get("iss") == self.issuer and claims.get("aud") == self.issuer
        return claims if ours and claims.get("exp", 0) > self.now else None


def sign_in_claims(grant: Grant) -> dict[str, Any]:
    """What a resident's token says of the sign-in behind it (RFC 9068 §2.2.1)."""
    if not grant.auth_time:
        return {}
    return {
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": grant.amr.split(),
        CLAIM_PROOFING: grant.ial,
    }
