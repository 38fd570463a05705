"""Dynamic client registration (RFC 7591), open to operators only for now."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.oauth import clients, forms
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import ClientMetadata, as_metadata, make_client
from gateway.control.oauth.token import NO_STORE, read_body
from gateway.control.state import Control, ControlDep
from schemas.kit.caller import CallerDep
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])

_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewClient"}}},
}


@router.post(
    "/oauth/register",
    operation_id="registerClient",
    status_code=201,
    summary="Register a client (RFC 7591 §3)",
    openapi_extra=operation(
        OPERATOR_CLIENTS, max_body_bytes=forms.LARGEST_FORM, request_body=_BODY
    ),
)
async def register(request: Request, control: ControlDep, caller: CallerDep) -> Response:
    try:
        metadata = ClientMetadata.model_validate_json(await read_body(request))
    except ValidationError as error:
        return JSONResponse(_refusal(error), status_code=400, headers=NO_STORE)
    client, secret = make_client(metadata, control.secrets, control.now())
    async with control.change() as connection:
        await clients.add(connection, client)
        await record_registration(control, connection, caller.actor, client)
    body = as_metadata(client)
    if secret:
        # 0: it does not expire (RFC 7591 §3.2.1)
        body |= {"client_secret": secret, "client_secret_expires_at": 0}
    return JSONResponse(body, status_code=201, headers=NO_STORE)


async def record_registration(
    control: Control, connection: AsyncConnection, actor: str, client: Client
) -> None:
    what = {"class": client.client_class, "scopes": list(client.scopes)}
    await control.record(connection, actor, "client.register", client.client_id, **what)


def _refusal(error: ValidationError) -> dict[str, Any]:
    """RFC 7591 §3.2.2."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    code = "invalid_redirect_uri" if where.startswith("redirect_uris") else ""
    text = f"{where}: {first['msg']}" if where else str(first["msg"])
    return {"error": code or "invalid_client_metadata", "error_description": text}
