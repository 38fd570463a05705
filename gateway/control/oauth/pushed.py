"""Pushed authorization requests (RFC 9126): sent by the client itself, over its own connection.

What a resident's browser then carries is a reference that says nothing and can be used once: nobody
on the way can read or change what is asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent.request import judge_exchange
from gateway.control.oauth import forms, grants
from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.server import PUSHED_PATH, Answer
from gateway.control.oauth.token import (
    OAuthRefusal,
    as_response,
    commit,
    form_body,
    new_server,
    read_exchange,
)
from gateway.control.secrets import Secrets, new_token
from gateway.control.state import Control, ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

LIFETIME: Final = 600
"""Seconds: long enough to find a password and read what is asked (RFC 9126 §2.2)."""
_URN: Final = "urn:ietf:params:oauth:request_uri:"
_CREDENTIALS: Final = ("client_secret", "client_assertion", "client_assertion_type")


class PushedAnswer(BaseModel):
    """RFC 9126 §2.2."""

    request_uri: str
    expires_in: int = Field(description="Seconds")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed request as it is kept: under the hash of its reference."""

    hash: str
    client_id: str
    parameters: dict[str, str]
    expires: int


@dataclass(frozen=True, slots=True)
class KeepPushed:
    pushed: Pushed

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        values = {
            "hash": self.pushed.hash,
            "client_id": self.pushed.client_id,
            "parameters": json.dumps(self.pushed.parameters),
            "expires": self.pushed.expires,
        }
        await connection.execute(insert(tables.pushed_requests).values(**values))


@dataclass(frozen=True, slots=True)
class UsePushed:
    """The resident has decided: the reference is spent."""

    hash: str

    async def apply(self, connection: AsyncConnection, now: int) -> None:
        table = tables.pushed_requests
        used = await connection.execute(delete(table).where(table.c.hash == self.hash))
        if used.rowcount != 1:
            raise InvalidRequestError("This request_uri was used before.")


@router.post(
    PUSHED_PATH,
    operation_id="pushAuthorizationRequest",
    status_code=201,
    summary="Push an authorization request (RFC 9126)",
    responses={
        201: {"model": PushedAnswer, "description": "RFC 9126 §2.2"},
        400: {"model": OAuthRefusal, "description": "What /oauth/authorize would refuse"},
        401: {"model": OAuthRefusal, "description": "The client did not authenticate"},
    },
    openapi_extra=operation(
        access="open",
        priority="essential",
        rate=(300, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(
            response_type="code",
            redirect_uri="One of the client's",
            scope="Space-separated scopes",
            authorization_details="RFC 9396: data sets of the resident, one by one",
            state="Comes back with the answer",
            code_challenge="RFC 7636",
            code_challenge_method="S256",
            client_id="Of a public client",
            client_assertion_type="With private_key_jwt (RFC 7523)",
            client_assertion="With private_key_jwt (RFC 7523)",
        ),
    ),
)
async def push(request: Request, control: ControlDep) -> Response:
    try:
        exchange = await read_exchange(request, control)
        server = new_server(control, exchange)
        client = server.authenticate_client(exchange, grants.ANY_CLIENT, "par")
        reference = new_token()
        pushed = Pushed(
            hash=control.secrets.hash(reference),
            client_id=client.client_id,
            parameters=_checked(control, exchange, client.client_id),
            expires=exchange.now + LIFETIME,
        )
        exchange.effects.append(KeepPushed(pushed))
        body = {"request_uri": _URN + reference, "expires_in": LIFETIME}
        answer = await commit(control, server, Answer(201, body, []))
    except OAuth2Error as error:
        error.redirect_uri = None  # the client is told here, not through a browser (§2.3)
        answer = Answer(*error())
    except ValueError:
        # Authlib's own, for characters that RFC 6749 §5.2 does not allow in descriptions
        answer = Answer(*InvalidRequestError("A parameter has odd characters.")())
    return as_response(answer)


def _checked(control: Control, exchange: Exchange, client_id: str) -> dict[str, str]:
    """The parameters, when the authorization endpoint would take them.

    Raises:
        OAuth2Error: it would not.
    """
    if "request_uri" in exchange.form:
        raise InvalidRequestError("A pushed request has no request_uri (RFC 9126 §2.1).")
    asked = {name: value for name, value in exchange.form.items() if name not in _CREDENTIALS}
    asked["client_id"] = client_id
    jkt = exchange.proof.jkt if exchange.proof else ""
    if jkt and asked.setdefault("dpop_jkt", jkt) != jkt:
        # RFC 9449 §10.1: the proof names the key as well as its thumbprint would
        raise InvalidRequestError("dpop_jkt is not the key of the DPoP proof.")
    judged = Exchange("GET", asked, None, exchange.now, exchange.found)
    server = new_server(control, judged)
    server.get_consent_grant(judged)
    judge_exchange(control, judged, judged.now + server.grant_lifetime)
    return asked


def check_way(exchange: Exchange, held: Pushed | None) -> None:
    """RFC 9126 §6: a client may have registered that it pushes all its requests.

    Raises:
        InvalidRequestError: this one has come another way.
    """
    if held is None and exchange.client.pushed_only:
        raise InvalidRequestError("This client pushes its authorization requests (RFC 9126).")


async def find(
    connection: AsyncConnection, secrets: Secrets, query: dict[str, str], now: int
) -> Pushed | None:
    """What the ``request_uri`` of an authorization request stands for; ``None`` without one.

    Raises:
        InvalidRequestError: unknown, used, expired, or another client's (RFC 9126 §4).
    """
    uri = query.get("request_uri")
    if uri is None:
        return None
    table = tables.pushed_requests
    hashed = secrets.hash(uri.removeprefix(_URN))
    row = (await connection.execute(select(table).where(table.c.hash == hashed))).one_or_none()
    mine = row is not None and uri.startswith(_URN) and row.client_id == query.get("client_id")
    if row is None or not mine or row.expires <= now:
        raise InvalidRequestError("This request_uri is unknown, used or expired.")
    return Pushed(hashed, row.client_id, json.loads(row.parameters), row.expires)
