"""Clients: list, register, change, suspend. Secrets are shown once, at registration."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from gateway.control.oauth import clients, registration
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import DEFAULT_RATE, ClientMetadata
from gateway.control.state import Control, ControlDep
from schemas.policy import ClientClass
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.scopes import OPERATOR_CLIENTS, is_valid
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

ClientId = Annotated[str, Path(max_length=128)]
Rate = Annotated[
    tuple[Annotated[int, Field(gt=0, le=1_000_000)], Annotated[int, Field(gt=0, le=86_400)]],
    Field(description="Requests per seconds"),
]


class NewClient(ClientMetadata):
    """RFC 7591 metadata, and what only an operator decides."""

    client_class: ClientClass = "partner"
    rate: Rate = DEFAULT_RATE


class ClientChange(BaseModel):
    """What is given is replaced; what is left out stays."""

    scope: str | None = Field(default=None, max_length=4000)
    rate: Rate | None = None


@router.get(
    "/clients",
    operation_id="listClients",
    summary="All registered clients",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def list_clients(control: ControlDep) -> list[dict[str, Any]]:
    async with control.store.read() as connection:
        return [as_json(client) for client in await clients.find_all(connection)]


@router.post(
    "/clients",
    operation_id="createClient",
    status_code=201,
    summary="Register a client; its secret is in the answer and nowhere else",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def create_client(new: NewClient, control: ControlDep) -> dict[str, Any]:
    client, secret = registration.make_client(
        new, control.secrets, control.now(), client_class=new.client_class, rate=new.rate
    )
    async with control.change() as connection:
        await clients.add(connection, client)
    return {**as_json(client), "client_secret": secret} if secret else as_json(client)


@router.patch(
    "/clients/{client_id}",
    operation_id="changeClient",
    summary="Change a client's scopes or rate; tokens already out keep theirs until they expire",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def change_client(
    client_id: ClientId, change: ClientChange, control: ControlDep
) -> dict[str, Any]:
    scopes = None if change.scope is None else tuple(sorted(set(change.scope.split())))
    for scope in scopes or ():
        if not is_valid(scope):
            raise Unprocessable(
                "A scope is malformed.", faults=[Fault("/scope", f"{scope!r} is no scope")]
            )

    def changed(client: Client) -> Client:
        return replace(
            client,
            scopes=client.scopes if scopes is None else scopes,
            rate=change.rate or client.rate,
        )

    return await _change(control, client_id, changed)


@router.post(
    "/clients/{client_id}/suspend",
    operation_id="suspendClient",
    summary="Refuse a client from now on, and void the tokens it has",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def suspend_client(client_id: ClientId, control: ControlDep) -> dict[str, Any]:
    now = control.now()
    return await _change(
        control, client_id, lambda client: replace(client, suspended=True, revoked_before=now)
    )


@router.post(
    "/clients/{client_id}/resume",
    operation_id="resumeClient",
    summary="Accept a suspended client again; tokens from before stay void",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def resume_client(client_id: ClientId, control: ControlDep) -> dict[str, Any]:
    return await _change(control, client_id, lambda client: replace(client, suspended=False))


async def _change(control: Control, client_id: str, change: Any) -> dict[str, Any]:
    async with control.change() as connection:
        client = await clients.find(connection, client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.")
        changed: Client = change(client)
        await clients.replace(connection, changed)
    return as_json(changed)


def as_json(client: Client) -> dict[str, Any]:
    return {
        **registration.as_metadata(client),
        "client_class": client.client_class,
        "rate": list(client.rate),
        "suspended": client.suspended,
    }
