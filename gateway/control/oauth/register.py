"""Dynamic client registration (RFC 7591): open to anybody, and worth nothing until approved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.oauth import clients, forms
from gateway.control.oauth.approval import beyond_asking
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import ClientMetadata, as_metadata, make_client
from gateway.control.oauth.token import NO_STORE, read_body
from gateway.control.secrets import new_token
from gateway.control.state import Control, ControlDep
from schemas.problem import Unavailable
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

PATH: Final = "/oauth/register"
MOST_PENDING: Final = 500
"""Clients that wait for approval: as many as an operator could still look through."""
BODY: Final = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewClient"}}},
}


@router.post(
    PATH,
    operation_id="registerClient",
    status_code=201,
    summary="Register a client (RFC 7591 §3); an operator approves it",
    openapi_extra=operation(
        access="open",
        rate=(20, 60),
        quota=200,
        max_body_bytes=forms.LARGEST_FORM,
        request_body=BODY,
    ),
)
async def register(request: Request, control: ControlDep) -> Response:
    """Until then it can authenticate, and look at and change its registration with
    `registration_access_token` (RFC 7592); it gets no token, and nobody is redirected to it."""
    try:
        metadata = read_metadata(await read_body(request))
    except ValidationError as error:
        return JSONResponse(refusal(error), status_code=400, headers=NO_STORE)
    if too_much := beyond_asking(metadata.scope):
        body = {
            "error": "invalid_client_metadata",
            "error_description": f"scope: {too_much[0]} is given by operators only",
        }
        return JSONResponse(body, status_code=400, headers=NO_STORE)
    client, secret = make_client(metadata, control.secrets, control.now())
    token = new_token()
    client = replace(
        client,
        state=clients.PENDING,
        management_hash=control.secrets.hash(token),
        asked=client.scopes,
    )
    async with control.store.write() as connection:
        if await clients.count_pending(connection) >= MOST_PENDING:
            raise Unavailable("Too many clients wait for approval: ask the city's operators.")
        await clients.add(connection, client)
        await record_registration(control, connection, client.client_id, client)
    return answer(control, client, token, secret, status=201)


def read_metadata(body: bytes) -> ClientMetadata:
    """Raises:
    ValidationError: not the metadata of a client.
    """
    return ClientMetadata.model_validate_json(body)


def answer(
    control: Control, client: Client, token: str, secret: str = "", status: int = 200
) -> Response:
    """Client information (RFC 7591 §3.2.1, RFC 7592 §3).

    Args:
        token: the registration access token.
        secret: where one was just made.
    """
    body = as_metadata(client) | {
        "registration_client_uri": f"{control.public_url}{PATH}/{client.client_id}",
        "registration_access_token": token,
        "registration_state": "changes-pending" if client.proposed else client.state,
    }
    if secret:
        # 0: it does not expire (RFC 7591 §3.2.1)
        body |= {"client_secret": secret, "client_secret_expires_at": 0}
    return JSONResponse(body, status_code=status, headers=NO_STORE)


async def record_registration(
    control: Control, connection: AsyncConnection, actor: str, client: Client
) -> None:
    what = {"class": client.client_class, "scopes": list(client.scopes), "state": client.state}
    await control.record(connection, actor, "client.register", client.client_id, **what)


def refusal(error: ValidationError) -> dict[str, Any]:
    """RFC 7591 §3.2.2."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    code = "invalid_redirect_uri" if where.startswith("redirect_uris") else ""
    text = f"{where}: {first['msg']}" if where else str(first["msg"])
    return {"error": code or "invalid_client_metadata", "error_description": text}
