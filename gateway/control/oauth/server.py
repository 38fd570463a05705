"""Authlib's authorization server, fitted to one :class:`Exchange` at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc9207 import IssuerParameter

from gateway.control.consent.carried import none_carried
from gateway.control.consent.details import PARAMETER
from gateway.control.consent.records import Given
from gateway.control.oauth import client_authentication, clients, id_token, records
from gateway.control.oauth.access_token import TokenMaker
from gateway.control.oauth.clients import Client
from gateway.control.oauth.dpop import InvalidProof
from gateway.control.oauth.effects import KeepRefresh
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.grants import (
    AuthorizationCode,
    ClientCredentials,
    ProofKey,
    RefreshRotation,
)
from gateway.control.oauth.openid import OpenIdRequest
from gateway.control.oauth.records import Grant, Refresh
from gateway.control.oauth.token_exchange import TokenExchange
from gateway.control.secrets import Secrets, new_token
from gateway.control.staff.device_grant import DeviceCode
from gateway.control.staff.grants import StaffGrant
from schemas.consent import CLAIM
from schemas.scopes import IDENTITY, OPENID, parse

# at DEBUG it writes whole tokens
logging.getLogger("authlib").setLevel(logging.WARNING)

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
PUSHED_PATH = "/oauth/par"


@dataclass(slots=True)
class Answer:
    """What Authlib decided, before it is an HTTP response."""

    status: int
    body: Any
    headers: list[tuple[str, str]]

    @property
    def location(self) -> str:
        return next((value for name, value in self.headers if name == "Location"), "")

    @location.setter
    def location(self, uri: str) -> None:
        self.headers = [
            *(pair for pair in self.headers if pair[0] != "Location"),
            ("Location", uri),
        ]


class Issuer(IssuerParameter):  # type: ignore[misc]
    """RFC 9207: every authorization response says who answers."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class CityAuthorizationServer(AuthorizationServer):  # type: ignore[misc]
    """Decides one exchange, with no input or output.

    Args:
        exchange: with everything prefetched; decisions are left in its effects and penalties.
        maker: signs access tokens.
    """

    grant_lifetime = records.GRANT_LIFETIME

    def __init__(self, exchange: Exchange, maker: TokenMaker, secrets: Secrets) -> None:
        super().__init__()
        self.exchange = exchange
        self.maker = maker
        self.secrets = secrets
        self.issuer = Issuer(maker.issuer)
        self.presented: Any = None
        """The token that a request to revoke or introspect is about."""
        self.register_grant(ClientCredentials)
        self.register_grant(AuthorizationCode, [ProofKey(required=True), OpenIdRequest()])
        self.register_grant(RefreshRotation)
        self.register_grant(DeviceCode)
        self.register_grant(TokenExchange)
        self.register_client_auth_method(clients.BASIC, client_authentication.basic_method(secrets))
        self.register_client_auth_method(
            clients.PRIVATE_KEY_JWT,
            # RFC 9126 §2: these three, whichever endpoint is called
            client_authentication.assertion_method(
                (maker.issuer, maker.issuer + TOKEN_PATH, maker.issuer + PUSHED_PATH)
            ),
        )
        self.register_token_generator("default", self._generate)
        self.register_extension(lambda server: self.issuer(server))

    def decide(self, method: str, *args: Any, **options: Any) -> Answer:
        """Run one of Authlib's ``create_*_response`` methods on the exchange."""
        try:
            answer: Answer = getattr(self, method)(*args, self.exchange, **options)
        except ValueError:
            # Authlib repeats what it was sent in error descriptions, and raises this when
            # RFC 6749 §5.2 does not allow the characters there
            answer = self.handle_error_response(
                self.exchange, InvalidRequestError("A parameter has characters it may not have.")
            )
        return answer

    # What Authlib asks of a framework

    def query_client(self, client_id: str) -> Client | None:
        return self.exchange.query_client(client_id)

    def authenticate_client(
        self, request: Exchange, methods: list[str], endpoint: str = "token"
    ) -> Client:
        try:
            client: Client = super().authenticate_client(request, methods, endpoint)
        except InvalidClientError as error:
            if error.status_code != 401:
                raise
            raise InvalidClientError(
                description="The client is unknown, suspended, or its credentials are wrong.",
                status_code=401,
            ) from error
        if client.state == clients.PENDING:
            raise UnauthorizedClientError(description="An operator has not approved you yet.")
        return client

    def create_oauth2_request(self, request: Exchange) -> Exchange:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        return Answer(status, body, headers)

    def send_signal(self, name: str, *args: Any, **options: Any) -> None:
        """Nobody listens."""

    def save_token(self, token: dict[str, Any], request: Exchange) -> None:
        refresh = token.get("refresh_token")
        grant: Grant | None = request.user
        if refresh and grant:
            kept = Refresh(
                hash=self.secrets.hash(refresh),
                gid=grant.gid,
                client_id=grant.client_id,
                scope=token["scope"],
                expires=min(request.now + records.REFRESH_LIFETIME, grant.expires),
                # RFC 9449 §5: other clients authenticate whenever they use it
                jkt=self._jkt if request.client.is_public else "",
            )
            request.effects.append(KeepRefresh(kept))

    @property
    def _jkt(self) -> str:
        """The key that tokens are bound to; empty for none."""
        return self.exchange.proof.jkt if self.exchange.proof else ""

    def binding(self, client: Client) -> str:
        """The same, for a token of ``client``.

        Raises:
            InvalidProof: there is none, and the client's tokens are always bound (§5.2).
        """
        if client.dpop_bound and not self._jkt:
            raise InvalidProof("This client's tokens are bound to a key: send a DPoP proof.")
        return self._jkt

    def _generate(
        self,
        grant_type: str,
        client: Client,
        user: Grant | StaffGrant | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """RFC 6749 §5.1. ``user`` is the grant when a resident is behind."""
        jkt = self.binding(client)
        if isinstance(user, StaffGrant):
            scope = user.scope  # no more than their roles allow
        allowed = client.get_allowed_scope(scope)
        if allowed and user is None:
            allowed = _without_a_person(allowed, scope)
        if not allowed:
            raise _invalid_scope(client)
        consents = self._consents(user)
        token, lifetime = self.maker.make(client, allowed, user, consents, jkt)
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": "DPoP" if jkt else "Bearer",
            "expires_in": lifetime,
            "scope": allowed,
        }
        if consents:
            answer[CLAIM] = [one.as_detail() for one in consents]  # RFC 9396 §7
        if isinstance(user, Grant) and OPENID in parse(allowed):
            nonce = self.exchange.found.code.nonce if self.exchange.found.code else ""
            answer["id_token"] = id_token.make(self.maker, user, token, nonce)
        return {**answer, "refresh_token": new_token()} if include_refresh_token else answer

    def _consents(self, grant: Grant | StaffGrant | None) -> tuple[Given, ...]:
        asked = self.exchange.form.get(PARAMETER)
        held = self.exchange.found.held
        if grant is None or held is None or held.gid != grant.gid:
            return none_carried(asked)
        return held.carried(self.exchange.now, asked)


def _without_a_person(allowed: str, asked: str | None) -> str:
    """A machine for itself is nobody: what says who somebody is, is not for it to ask."""
    scopes = parse(allowed)
    if asked and scopes & IDENTITY:
        return ""
    return " ".join(sorted(scopes - IDENTITY))


def _invalid_scope(client: Client) -> OAuth2Error:
    held = " ".join(client.scopes) or "none"
    return OAuth2Error(error="invalid_scope", description=f"This client may ask for: {held[:900]}")
