"""Client authentication: ``client_secret_basic`` (RFC 6749 §2.3.1), ``private_key_jwt`` (RFC 7523).

No other way is offered: a secret in the form ends up in logs, and ``client_secret_jwt`` needs the
secret in clear at this end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.effects import UseAssertion
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.signatures import REGISTRY
from gateway.control.secrets import Secrets

LONGEST_ASSERTION: Final = 3600
"""Seconds that an assertion may live; its ``jti`` is remembered as long."""
_LEEWAY = 30

QueryClient = Callable[[str], Client | None]


def basic_method(secrets: Secrets) -> Callable[[QueryClient, Exchange], Client | None]:
    """Authlib's authentication method for ``client_secret_basic``."""
    nobody = secrets.hash("nobody")

    def authenticate(query_client: QueryClient, exchange: Exchange) -> Client | None:
        if exchange.basic is None:
            return None
        client_id, secret = exchange.basic
        client = query_client(client_id)
        known = client.secret_hashes(exchange.now) if client else ("", "")
        # all compared, even for a client that does not exist: time tells nobody which ones do
        right = [secrets.matches(secret, one or nobody) and bool(one) for one in known]
        return client if any(right) else None

    return authenticate


def assertion_method(
    audiences: tuple[str, ...],
) -> Callable[[QueryClient, Exchange], Client | None]:
    """Authlib's authentication method for ``private_key_jwt``."""

    def authenticate(query_client: QueryClient, exchange: Exchange) -> Client | None:
        if exchange.form.get("client_assertion") is None:
            return None
        client: Client | None = ClientAssertion(exchange, audiences)(query_client, exchange)
        return client

    return authenticate


class ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """One assertion being checked, with what Authlib leaves open closed."""

    CLIENT_AUTH_METHOD = clients.PRIVATE_KEY_JWT

    def __init__(self, exchange: Exchange, audiences: tuple[str, ...]) -> None:
        super().__init__(leeway=_LEEWAY)
        self._exchange = exchange
        self._audiences = audiences

    def get_audiences(self) -> list[str]:
        return list(self._audiences)

    def resolve_client_public_key(self, client: Client) -> KeySet:
        if not client.jwks:
            raise InvalidClientError(description="The client has no keys registered.")
        return KeySet.import_key_set(client.jwks)  # type: ignore[arg-type]

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        try:
            token = jwt.decode(assertion, resolve_key, registry=REGISTRY)
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidClientError(description="The assertion does not verify.") from error
        self.verify_claims(token.claims)
        return token.claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """RFC 7523 §3, against the exchange's own time (Authlib asks the machine's clock)."""
        now = self._exchange.now
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=_LEEWAY,
            iss={"essential": True, "value": str(claims.get("sub"))},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise InvalidClientError(description="A claim of the assertion is wrong.") from error
        expires = claims["exp"]
        if not isinstance(expires, int) or expires > now + LONGEST_ASSERTION:
            raise InvalidClientError(description="The assertion may live one hour at most.")
        self._remember(claims)

    def _remember(self, claims: dict[str, Any]) -> None:
        """Have ``jti`` used up; who used it before is found when it is written."""
        jti = claims["jti"]
        if not isinstance(jti, str) or not jti:
            raise InvalidClientError(description="The assertion needs a jti.")
        hashed = hashlib.sha256(jti.encode()).hexdigest()
        kept_until = int(claims["exp"]) + _LEEWAY + 1
        self._exchange.penalties.append(UseAssertion(claims["sub"], hashed, kept_until))
