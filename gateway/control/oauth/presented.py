"""A token that is presented for revocation or introspection, and what both endpoints share."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import Request, Response

from gateway.control.oauth.found_token import Presented, find_access_token
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.token import as_response, commit, form_body, new_server, read_exchange
from gateway.control.state import Control

TOKEN_FORM = form_body(token="An access or refresh token", token_type_hint="")  # noqa: S106


async def answer_about_token(request: Request, control: Control, kind: Any) -> Response:
    """Prefetch, decide, commit, for an endpoint of Authlib's that is about a token."""
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
    return await find_access_token(control, exchange.form.get("token", ""), exchange.now)
