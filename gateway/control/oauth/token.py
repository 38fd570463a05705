"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from authlib.oauth2.rfc6749 import OAuth2Error
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.audit.event import PLATFORM
from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth import dpop, effects, forms
from gateway.control.oauth.clients import TOKEN_EXCHANGE
from gateway.control.oauth.consent_trail import trail
from gateway.control.oauth.dpop import Proof
from gateway.control.oauth.effects import Effect, Raced, RevokeGrant, RevokeToken, UseProof
from gateway.control.oauth.exchange import Exchange, prefetch
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.subject_token import find_acting
from gateway.control.state import Control, ControlDep
from schemas.problem import TooLarge
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

CHALLENGE = 'Basic realm="supercity", charset="UTF-8"'
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def form_body(**fields: str) -> dict[str, object]:
    """OpenAPI request body of a form; a field's text says what it is."""
    properties = {name: {"type": "string", "description": text} for name, text in fields.items()}
    schema = {"type": "object", "properties": properties}
    return {"required": True, "content": {forms.FORM: {"schema": schema}}}


class TokenAnswer(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str = Field(description="A JWT (RFC 9068) for all APIs of the city")
    token_type: Literal["Bearer", "DPoP"]
    expires_in: int = Field(description="Seconds")
    scope: str
    refresh_token: str | None = Field(default=None, description="When a resident is behind")
    issued_token_type: str | None = Field(default=None, description="Of an exchange (RFC 8693)")
    id_token: str | None = Field(
        default=None, description="With scope openid (OpenID Connect Core §2)"
    )


class OAuthRefusal(BaseModel):
    """RFC 6749 §5.2."""

    error: str
    error_description: str | None = None


@router.post(
    "/oauth/token",
    operation_id="issueToken",
    summary="Get an access token (RFC 6749 §3.2)",
    responses={
        200: {"model": TokenAnswer, "description": "RFC 6749 §5.1"},
        400: {"model": OAuthRefusal, "description": "RFC 6749 §5.2"},
        401: {"model": OAuthRefusal, "description": "The client did not authenticate"},
    },
    openapi_extra=operation(
        access="open",
        priority="essential",
        emergency="reserved",
        rate=(600, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(
            grant_type="client_credentials, authorization_code, refresh_token, or token-exchange's "
            "URN (RFC 8693)",
            subject_token="With token-exchange: an access token of a client that the resident "  # noqa: S106
            "knows, whose consents name the one that asks as a recipient",
            subject_token_type="With token-exchange",  # noqa: S106 - a description
            scope="Space-separated scopes; all that the client may have when left out",
            code="With authorization_code",
            redirect_uri="With authorization_code, as in the authorization request",
            code_verifier="With authorization_code (RFC 7636)",
            refresh_token="With refresh_token",  # noqa: S106 - a description
            client_id="Of a public client",
            client_assertion_type="With private_key_jwt (RFC 7523)",
            client_assertion="With private_key_jwt (RFC 7523)",
        ),
    ),
)
async def issue_token(request: Request, control: ControlDep) -> Response:
    try:
        exchange = await read_exchange(request, control)
        if exchange.form.get("grant_type") == TOKEN_EXCHANGE:
            exchange.found.acting = await find_acting(control, exchange)
        server = new_server(control, exchange)
        answer = server.decide("create_token_response")
        answer = await commit(control, server, answer)
    except OAuth2Error as error:
        answer = Answer(*error())
    return as_response(answer)


async def read_exchange(request: Request, control: Control) -> Exchange:
    """Parse the request and read all that deciding may need."""
    form = forms.parse_form(await read_body(request), request.headers.get("content-type", ""))
    basic = forms.parse_basic(request.headers)
    forms.check_resource(form, control.public_url)
    now = control.now()
    proof = read_proof(request, control, now)
    async with control.store.read() as connection:
        apis = control.publisher.current.apis
        found = await prefetch(connection, control.secrets, form, basic, apis)
    exchange = Exchange(request.method, form, basic, now, found, proof)
    if proof:
        exchange.penalties.append(UseProof(proof))
    return exchange


def read_proof(request: Request, control: Control, now: int, token: str = "") -> Proof | None:
    """The DPoP proof of a request, if it has one; see :func:`dpop.check`."""
    uri = control.public_url + request.url.path
    return dpop.check(request.headers.getlist("dpop"), request.method, uri, now, token)


async def read_body(request: Request) -> bytes:
    """The body, never more of it than an OAuth form can need."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > forms.LARGEST_FORM:
            raise TooLarge(f"A form here has at most {forms.LARGEST_FORM} bytes.")
    return bytes(body)


def new_server(control: Control, exchange: Exchange) -> CityAuthorizationServer:
    return CityAuthorizationServer(exchange, control.token_maker(exchange.now), control.secrets)


async def commit(control: Control, server: CityAuthorizationServer, answer: Answer) -> Answer:
    """Write what was decided, in one transaction that first consumes what may be used once."""
    exchange = server.exchange
    agreed = exchange.effects if answer.status < 400 else []
    wanted = [*exchange.penalties, *agreed]
    if not wanted:
        return answer
    revoking = any(isinstance(effect, RevokeGrant | RevokeToken) for effect in wanted)
    transaction = control.change if revoking else control.store.write
    try:
        async with transaction() as connection:
            for effect in wanted:
                if isinstance(effect, RevokeGrant):
                    await _end(control, connection, exchange, effect.gid)
                else:
                    await effect.apply(connection, exchange.now)
            await _record(control, connection, exchange, wanted)
    except Raced as raced:
        async with control.change() as connection:
            await _end(control, connection, exchange, raced.gid)
        return Answer(*effects.gone()())
    except OAuth2Error as error:
        return Answer(*error())
    return answer


async def _end(control: Control, connection: AsyncConnection, exchange: Exchange, gid: str) -> None:
    client = exchange.found.client
    actor = client.client_id if client else PLATFORM
    await withdraw(control, connection, gid, actor=actor)


async def _record(
    control: Control,
    connection: AsyncConnection,
    exchange: Exchange,
    done: Iterable[Effect | RevokeGrant],
) -> None:
    events = trail(control.pseudonyms, exchange, done, control.now_ms())
    await control.audit.append(connection, *events)


def as_response(answer: Answer) -> Response:
    """RFC 6749 §5.1 and §5.2: JSON, and kept by nobody."""
    challenge = {"WWW-Authenticate": CHALLENGE} if answer.status == 401 else {}
    return JSONResponse(answer.body, status_code=answer.status, headers={**challenge, **NO_STORE})
