"""A client's new secret, and its end."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.control.admin.clients import ClientId, change_one
from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.leaving import leave
from gateway.control.oauth.token import NO_STORE
from gateway.control.secrets import new_token
from gateway.control.staff import command_line
from gateway.control.state import ControlDep
from schemas.kit.caller import CallerDep
from schemas.problem import Conflict, NotFound
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class NewSecret(BaseModel):
    client_id: str
    client_secret: str = Field(description="Shown this once; kept nowhere in clear")


@router.post(
    "/clients/{client_id}/secret",
    operation_id="rotateClientSecret",
    summary="Give a client another secret; the old one is void at once",
    description="Tokens that are out stay good until they expire: suspend it to end those too.",
    response_model=NewSecret,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def rotate_secret(
    client_id: ClientId, control: ControlDep, caller: CallerDep
) -> JSONResponse:
    secret = new_token()

    def changed(client: Client) -> Client:
        _check(client)
        if client.auth_method != clients.BASIC:
            raise Conflict(
                f"{client_id!r} has no secret: it authenticates by {client.auth_method}."
            )
        return replace(client, secret_hash=control.secrets.hash(secret))

    await change_one(control, caller, client_id, "secret", changed)
    return JSONResponse({"client_id": client_id, "client_secret": secret}, headers=NO_STORE)


@router.delete(
    "/clients/{client_id}",
    operation_id="deleteClient",
    status_code=204,
    summary="End a client: its tokens are void, what residents agreed to with it ends",
    description="Its id is never given again. One that the bootstrap file names comes back.",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def delete_client(client_id: ClientId, control: ControlDep, caller: CallerDep) -> Response:
    if client_id == caller.client:
        raise Conflict("A client cannot end itself here: have another operator do it.")
    async with control.change() as connection:
        client = await clients.find(connection, client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.")
        _check(client)
        await leave(control, connection, client, actor=caller.actor)
    return Response(status_code=204)


def _check(client: Client) -> None:
    """Raises:
    NotFound: it has ended already.
    Conflict: the platform needs it as it is.
    """
    name = client.client_id
    if client.state == clients.DELETED:
        raise NotFound(f"There is no client {name!r} any more.")
    if client.client_class == "internal" or name == command_line.CLIENT_ID:
        raise Conflict(f"{name!r} is the platform's own.")
