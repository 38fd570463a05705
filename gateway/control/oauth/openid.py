"""What OpenID Connect adds to an authorization request (Core 1.0 §3.1.2): checked before any page.

Also the members of RFC 9449 §10 and of response modes, for they are looked at in the same place:
with Authlib's other checks, so that a pushed request is refused when it is pushed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error

from gateway.control.oauth import id_token
from gateway.control.oauth.exchange import Exchange
from schemas.policy import ACR

PROMPTS: Final = ("none", "login", "consent", "select_account")
STRONGEST: Final = 2
"""The highest level of :data:`schemas.policy.ACR` that a resident can sign in with."""
_LONGEST_NONCE: Final = 255
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class OpenIdRequest:
    """Authlib's extension of the authorization code grant."""

    def __call__(self, grant: object) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self._check)  # type: ignore[attr-defined]

    def _check(self, grant: object, redirect_uri: str) -> None:
        exchange: Exchange = grant.request  # type: ignore[attr-defined]
        form = exchange.form
        if "request" in form:
            raise OAuth2Error("Push requests (RFC 9126) instead.", error="request_not_supported")
        if form.get("response_mode", "query") != "query":
            raise InvalidRequestError("The only response_mode is query.")
        if len(form.get("nonce", "")) > _LONGEST_NONCE:
            raise InvalidRequestError(f"A nonce has at most {_LONGEST_NONCE} characters.")
        if not _THUMBPRINT.fullmatch(form.get("dpop_jkt", "x" * 43)):
            raise InvalidRequestError("dpop_jkt is no SHA-256 thumbprint (RFC 7638).")
        _check_prompt(form)
        if wanted_level(form) > STRONGEST:
            raise unmet("There is no sign-in that is so strong.")
        if hint := form.get("id_token_hint"):
            maker = grant.server.maker  # type: ignore[attr-defined]
            exchange.hinted = id_token.subject_of_hint(maker, hint, exchange.client.client_id)
            if exchange.hinted is None:
                raise InvalidRequestError("The id_token_hint is none that you were given here.")


def wanted_level(form: Mapping[str, str]) -> int:
    """The weakest level that will do by ``acr_values``; 0 when the request says nothing of it."""
    asked = form.get("acr_values", "").split()
    return min((ACR.get(one, STRONGEST + 1) for one in asked), default=0)


def unmet(description: str) -> OAuth2Error:
    """RFC 9470 §4."""
    return OAuth2Error(description, error="unmet_authentication_requirements")


def _check_prompt(form: dict[str, str]) -> None:
    asked = form.get("prompt", "").split()
    if not set(asked) <= set(PROMPTS) or ("none" in asked and len(asked) > 1):
        raise InvalidRequestError(f"prompt is one or some of {', '.join(PROMPTS)}; none is alone.")
    age = form.get("max_age", "0")
    if not (age.isascii() and age.isdigit() and len(age) <= 10):
        raise InvalidRequestError("max_age is a number of seconds.")
