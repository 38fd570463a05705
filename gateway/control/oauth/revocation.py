"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from gateway.control import tables
from gateway.control.oauth import forms, grants, records
from gateway.control.oauth.clients import Client
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.records import Grant, Refresh, RevokeGrant, RevokeToken
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.token import as_response, commit, form_body, new_server, read_exchange
from gateway.control.state import Control, ControlDep
from schemas.policy import CLAIM_GRANT
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

_MAY_INTROSPECT_ALL = frozenset(("internal", "operator", "data-holder"))


@dataclass(frozen=True, slots=True)
class Presented:
    """The token that the request is about, as far as it is one of ours."""

    client_id: str
    claims: dict[str, Any] | None
    refresh: Refresh | None
    grant: Grant | None
    revoked: bool
    expired: bool

    # What Authlib asks of a token
    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def is_expired(self) -> bool:
        return self.expired

    def is_revoked(self) -> bool:
        return self.revoked


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
            return {"active": True, "token_type": "Bearer", **shown}
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


_TOKEN_FORM = form_body(token="An access or refresh token", token_type_hint="")  # noqa: S106


@router.post(
    "/oauth/revoke",
    operation_id="revokeToken",
    summary="Void a token (RFC 7009)",
    openapi_extra=operation(
        access="open",
        rate=(120, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=_TOKEN_FORM,
    ),
)
async def revoke(request: Request, control: ControlDep) -> Response:
    return await _endpoint(request, control, Revocation)


@router.post(
    "/oauth/introspect",
    operation_id="introspectToken",
    summary="Whether a token is good, and for what (RFC 7662)",
    openapi_extra=operation(
        access="open",
        rate=(600, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=_TOKEN_FORM,
    ),
)
async def introspect(request: Request, control: ControlDep) -> Response:
    return await _endpoint(request, control, Introspection)


async def _endpoint(request: Request, control: Control, kind: Any) -> Response:
    try:
        exchange = await read_exchange(request, control)
        server: CityAuthorizationServer = new_server(control, exchange)
        server.presented = await _presented(control, server)
        server.register_endpoint(kind)
        answer = server.decide("create_endpoint_response", kind.ENDPOINT_NAME)
        answer = await commit(control, server, answer)
    except OAuth2Error as error:
        answer = Answer(*error())
    return as_response(answer)


async def _presented(control: Control, server: CityAuthorizationServer) -> Presented | None:
    exchange = server.exchange
    if refresh := exchange.found.refresh:
        grant = exchange.found.grant
        dead = refresh.used is not None or grant is None or not grant.is_alive(exchange.now)
        return Presented(
            client_id=refresh.client_id,
            claims=None,
            refresh=refresh,
            grant=grant,
            revoked=dead,
            expired=refresh.expires <= exchange.now,
        )
    claims = server.maker.read(exchange.form.get("token", ""))
    if claims is None:
        return None
    return Presented(
        client_id=claims["client_id"],
        claims=claims,
        refresh=None,
        grant=None,
        revoked=await _is_revoked(control, claims),
        expired=False,
    )


async def _is_revoked(control: Control, claims: dict[str, Any]) -> bool:
    async with control.store.read() as connection:
        table = tables.revoked_tokens
        query = select(table.c.jti).where(table.c.jti == claims["jti"])
        single = (await connection.execute(query)).scalar() is not None
        gid = claims.get(CLAIM_GRANT)
        grant = await records.find_grant(connection, gid) if gid else None
        clients = tables.clients
        row = (
            await connection.execute(
                select(clients.c.suspended, clients.c.revoked_before).where(
                    clients.c.client_id == claims["client_id"]
                )
            )
        ).one_or_none()
    family = bool(gid) and (grant is None or grant.revoked is not None)
    client = row is None or row.suspended or claims["iat"] <= row.revoked_before
    return single or family or client
