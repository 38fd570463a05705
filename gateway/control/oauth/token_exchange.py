"""Token exchange (RFC 8693): a service acts for a resident, within what they said yes to.

An app hands its access token to a service that it needs, such as one that orders a car. The service
does not use that token, which would make it pass for the app: it exchanges it for one of its own,
with the same consents or fewer, and only those that name it as a recipient. The resident has read
its name on the consent page. The new token ends no later, and with the same grant and consents.
"""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants.base import BaseGrant, TokenEndpointMixin

from gateway.control.consent import carried
from gateway.control.consent.details import PARAMETER
from gateway.control.oauth import clients
from gateway.control.oauth.acting import Acting
from gateway.control.oauth.effects import NoteExchange
from gateway.control.oauth.exchange import Exchange
from schemas.consent import CLAIM
from schemas.scopes import IDENTITY, parse

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_TYPES: Final = (ACCESS_TOKEN, JWT)


class TokenExchange(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """RFC 8693 §2, on Authlib's extension point for grants."""

    GRANT_TYPE = clients.TOKEN_EXCHANGE
    TOKEN_ENDPOINT_AUTH_METHODS = (clients.BASIC, clients.PRIVATE_KEY_JWT)

    def validate_token_request(self) -> None:
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered to act for residents.")
        self.request.client = client
        exchange: Exchange = self.request
        _check_parameters(exchange.form, self.server.maker.issuer)
        acting = exchange.found.acting
        if acting is None:
            raise InvalidRequestError(
                "The subject_token is not a good access token that a resident gave to a client."
            )
        if not acting.consents:
            # §2.2.2: a token that is unacceptable by policy
            raise InvalidRequestError("The resident has not named this client as a recipient.")
        if acting.beyond:
            raise InvalidRequestError(
                f"Data of {', '.join(acting.beyond)} would come together in one hand."
            )

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        exchange: Exchange = self.request
        acting = exchange.found.acting
        if acting is None:  # validated before
            raise InvalidRequestError("There is no subject_token.")
        scope = " ".join(sorted(_scopes(exchange, acting)))
        asked = exchange.form.get(PARAMETER)
        consents = carried.narrowed(acting.consents, asked) if asked else acting.consents
        jkt = self.server.binding(exchange.client)
        token, lifetime = self.server.maker.make(
            exchange.client, scope, acting.grant, consents, jkt, acting
        )
        exchange.effects.append(NoteExchange(acting.grant, exchange.client.client_id, consents))
        answer = {
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "DPoP" if jkt else "Bearer",
            "expires_in": lifetime,
            "scope": scope,
            CLAIM: [one.as_detail() for one in consents],
        }
        return 200, answer, self.TOKEN_RESPONSE_HEADER


def _check_parameters(form: dict[str, str], issuer: str) -> None:
    """§2.1, §2.2.2."""
    if "subject_token" not in form or form.get("subject_token_type") not in _TYPES:
        raise InvalidRequestError(f"Send a subject_token, of subject_token_type {ACCESS_TOKEN}.")
    if form.get("requested_token_type", ACCESS_TOKEN) not in _TYPES:
        raise InvalidRequestError(f"The only token that is issued is {ACCESS_TOKEN}.")
    if "actor_token" in form or "actor_token_type" in form:
        raise InvalidRequestError("A client acts as itself: send no actor_token.")
    if form.get("audience", issuer) != issuer:
        raise OAuth2Error("The only audience is the city.", error="invalid_target")


def _scopes(exchange: Exchange, acting: Acting) -> frozenset[str]:
    """What both clients may ask for, or what of it is wanted."""
    both = (parse(acting.scope) & frozenset(exchange.client.scopes)) - IDENTITY
    asked = parse(exchange.form.get("scope", "")) or both
    if not both or not asked <= both:
        raise InvalidScopeError(description="That is more than both clients may ask for.")
    return asked
