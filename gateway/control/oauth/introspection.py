"""Introspection (RFC 7662)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from fastapi import APIRouter, Request, Response

from gateway.control.oauth import forms, grants
from gateway.control.oauth.clients import Client
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.found_token import Presented
from gateway.control.oauth.presented import TOKEN_FORM, answer_about_token
from gateway.control.state import ControlDep
from schemas.policy import CLAIM_GRANT
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

_MAY_INTROSPECT_ALL = frozenset(("internal", "operator", "data-holder"))


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """RFC 7662: a client learns about its own tokens, who serves data about all."""

    CLIENT_AUTH_METHODS = grants.CONFIDENTIAL

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:
        return self.server.presented  # type: ignore[no-any-return]

    def check_permission(self, token: Presented, client: Client, request: Exchange) -> bool:
        return token.check_client(client) or client.client_class in _MAY_INTROSPECT_ALL

    def introspect_token(self, token: Presented) -> dict[str, Any]:
        if token.claims:
            # the sealed resident is the gateway's alone to open, and nobody else's to keep
            hidden = {"rid", CLAIM_GRANT}
            shown = {name: value for name, value in token.claims.items() if name not in hidden}
            # RFC 9449 §6.2; `cnf` is among the claims
            kind = "DPoP" if "cnf" in shown else "Bearer"
            return {"active": True, "token_type": kind, **shown}
        refresh = token.refresh
        if refresh is None:
            return {"active": False}
        return {
            "active": True,
            "token_type": "refresh_token",
            "client_id": refresh.client_id,
            "scope": refresh.scope,
            "exp": refresh.expires,
        }


@router.post(
    "/oauth/introspect",
    operation_id="introspectToken",
    summary="Whether a token is good, and for what (RFC 7662)",
    openapi_extra=operation(
        access="open",
        priority="essential",
        rate=(600, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=TOKEN_FORM,
    ),
)
async def introspect(request: Request, control: ControlDep) -> Response:
    return await answer_about_token(request, control, Introspection)
