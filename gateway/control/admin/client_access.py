"""What a client has in its hands: a secret, and tokens. Replaced, and voided, by an operator."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.control.admin.client_ends import check_theirs
from gateway.control.admin.clients import ClientId, ClientState, change_one
from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.token import NO_STORE
from gateway.control.secrets import new_token
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import Conflict
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

_WEEK = 7 * 86_400


class NewSecret(Wire):
    overlap: int = Field(
        default=0, ge=0, le=_WEEK, description="Seconds for which the secret before is good too"
    )


class MadeSecret(BaseModel):
    client_id: str
    client_secret: str = Field(description="Shown this once; kept nowhere in clear")


@router.post(
    "/clients/{client_id}/secret",
    operation_id="rotateClientSecret",
    status_code=201,
    summary="Give a client another secret; tokens that are out live on",
    response_model=MadeSecret,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def rotate_secret(
    client_id: ClientId,
    control: ControlDep,
    caller: CallerDep,
    asked: NewSecret | None = None,
) -> JSONResponse:
    secret, overlap = new_token(), asked.overlap if asked else 0

    def rotated(client: Client) -> Client:
        check_theirs(client)
        if client.auth_method != clients.BASIC:
            raise Conflict(
                f"Client {client_id!r} has no secret: it authenticates by {client.auth_method}."
            )
        return replace(
            client,
            secret_hash=control.secrets.hash(secret),
            old_secret_hash=client.secret_hash if overlap else "",
            old_secret_until=control.now() + overlap if overlap else 0,
        )

    await change_one(control, caller, client_id, "rotate-secret", rotated, overlap=overlap)
    made = MadeSecret(client_id=client_id, client_secret=secret)
    return JSONResponse(made.model_dump(), status_code=201, headers=NO_STORE)


@router.post(
    "/clients/{client_id}/revoke",
    operation_id="revokeClientTokens",
    summary="Void all tokens that a client has; it may get new ones",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def revoke_tokens(client_id: ClientId, control: ControlDep, caller: CallerDep) -> ClientState:
    now = control.now()

    def revoked(client: Client) -> Client:
        return replace(client, revoked_before=now)

    return await change_one(control, caller, client_id, "revoke", revoked)
