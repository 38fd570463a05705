"""A token that is presented for revocation or introspection, and what both endpoints share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import Request, Response
from sqlalchemy import select

from gateway.control import tables
from gateway.control.oauth import records
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant, Refresh
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.token import as_response, commit, form_body, new_server, read_exchange
from gateway.control.state import Control
from schemas.policy import CLAIM_GRANT

TOKEN_FORM = form_body(token="An access or refresh token", token_type_hint="")  # noqa: S106


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


async def find_access_token(control: Control, token: str, now: int) -> Presented | None:
    """An access token of this issuer that has not expired, revoked or not; ``None`` for others."""
    claims = control.token_maker(now).read(token)
    if claims is None:
        return None
    revoked, grant = await _is_revoked(control, claims)
    return Presented(
        client_id=claims["client_id"],
        claims=claims,
        refresh=None,
        grant=grant,
        revoked=revoked,
        expired=False,
    )


async def _is_revoked(control: Control, claims: dict[str, Any]) -> tuple[bool, Grant | None]:
    """Whether it is, by itself, with its grant or with its client; and the grant."""
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
    return single or family or client, grant
