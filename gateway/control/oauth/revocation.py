"""Revocation (RFC 7009)."""

from __future__ import annotations

from authlib.oauth2.rfc7009 import RevocationEndpoint
from fastapi import APIRouter, Request, Response

from gateway.control.oauth import forms, grants
from gateway.control.oauth.effects import RevokeGrant, RevokeToken
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.found_token import Presented
from gateway.control.oauth.presented import TOKEN_FORM, answer_about_token
from gateway.control.state import ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009: an access token alone, or with a refresh token the whole grant."""

    CLIENT_AUTH_METHODS = grants.ANY_CLIENT

    def query_token(self, token_string: str, token_type_hint: str | None) -> Presented | None:
        return self.server.presented  # type: ignore[no-any-return]

    def revoke_token(self, token: Presented, request: Exchange) -> None:
        if token.refresh:
            request.effects.append(RevokeGrant(token.refresh.gid))
        elif token.claims:
            request.effects.append(RevokeToken(token.claims["jti"], token.claims["exp"]))


@router.post(
    "/oauth/revoke",
    operation_id="revokeToken",
    summary="Void a token (RFC 7009)",
    openapi_extra=operation(
        access="open",
        priority="essential",
        rate=(300, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=TOKEN_FORM,
    ),
)
async def revoke(request: Request, control: ControlDep) -> Response:
    return await answer_about_token(request, control, Revocation)
