"""A client's end, by an operator."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.control.admin.clients import ClientId
from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.leaving import leave
from gateway.control.staff import acting, command_line
from gateway.control.state import ControlDep
from schemas.kit.caller import CallerDep
from schemas.problem import Conflict, NotFound
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


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
        check_theirs(client)
        await leave(control, connection, client, actor=caller.actor)
    return Response(status_code=204)


def check_theirs(client: Client) -> None:
    """Raises:
    NotFound: it has ended already.
    Conflict: the platform needs it as it is.
    """
    name = client.client_id
    if client.state == clients.DELETED:
        raise NotFound(f"There is no client {name!r} any more.")
    if client.client_class == "internal" or name in (acting.CLIENT_ID, command_line.CLIENT_ID):
        raise Conflict(f"{name!r} is the platform's own.")
