"""Clients: list, register, change, suspend. Secrets are shown once, at registration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, ValidationError

from gateway.control.oauth import approval, clients, registration, sandbox
from gateway.control.oauth.clients import Client
from gateway.control.oauth.register import record_registration
from gateway.control.oauth.registration import DEFAULT_RATE, ClientMetadata, GrantType, Purpose
from gateway.control.policy.findings import pointer
from gateway.control.state import Control, ControlDep
from schemas.kit.caller import Caller, CallerDep
from schemas.policy import ClientClass
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

ClientId = Annotated[str, Path(max_length=128)]
Rate = Annotated[
    tuple[Annotated[int, Field(gt=0, le=1_000_000)], Annotated[int, Field(gt=0, le=86_400)]],
    Field(description="Requests per seconds"),
]

Quota = Annotated[
    int, Field(ge=0, le=1_000_000_000, description="Requests a day; 0 for any number")
]


class NewClient(ClientMetadata):
    """RFC 7591 metadata, and what only an operator decides."""

    client_class: ClientClass = "partner"
    rate: Rate = DEFAULT_RATE
    quota: Quota = 0
    client_id: str = Field(
        default="",
        max_length=128,
        pattern=r"^[A-Za-z0-9._~-]*$",
        description="Its name from now on; a random one when left out",
    )
    client_secret: str = Field(
        default="",
        max_length=500,
        pattern=r"^([\x21-\x7e]{20,})?$",
        description="One that is random and known to nobody else; made here when left out",
    )


class ClientChange(BaseModel):
    """What is given is replaced; what is left out stays."""

    client_name: str | None = Field(default=None, min_length=1, max_length=200)
    client_class: ClientClass | None = None
    scope: str | None = Field(default=None, max_length=4000)
    grant_types: Annotated[list[GrantType], Field(min_length=1, max_length=4)] | None = None
    redirect_uris: Annotated[list[str], Field(max_length=20)] | None = None
    jwks: dict[str, Any] | None = Field(default=None, description="Its keys (private_key_jwt)")
    dpop_bound_access_tokens: bool | None = None
    require_pushed_authorization_requests: bool | None = None
    rate: Rate | None = None
    quota: Quota | None = None
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=20)] | None = None
    organisation: str | None = Field(default=None, max_length=200)


class ClientState(BaseModel):
    """A registered client (RFC 7591 §3.2.1, and what the operator decides)."""

    client_id: str
    client_id_issued_at: int
    client_name: str
    scope: str
    grant_types: list[str]
    response_types: list[str]
    redirect_uris: list[str]
    token_endpoint_auth_method: str
    purposes: list[str]
    organisation: str
    jwks: dict[str, Any] | None = None
    dpop_bound_access_tokens: bool
    require_pushed_authorization_requests: bool
    client_class: ClientClass
    rate: Rate
    quota: Quota
    suspended: bool
    state: clients.State
    sandbox: bool = Field(description="A developer's test; it acts for synthetic residents alone")
    owner: str = Field(description="staffId of the developer who keeps it; empty if nobody does")
    asked: str = Field(description="The scopes that its owner asked for last")
    proposed: dict[str, Any] | None = Field(
        default=None, description="Metadata that wait for approval (RFC 7592 §2.2)"
    )


class CreatedClient(ClientState):
    client_secret: str | None = Field(
        default=None, description="Shown this once; kept nowhere in clear"
    )


@router.get(
    "/clients",
    operation_id="listClients",
    summary="Registered clients: all, or those looked for",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def list_clients(
    control: ControlDep,
    q: Annotated[
        str, Query(max_length=100, description="In the id, the name or the organisation")
    ] = "",
    state: Annotated[
        clients.Shown | None,
        Query(description="`waiting`: new ones, and changes that wait for an operator"),
    ] = None,
    client_class: ClientClass | None = None,
    sandbox: bool | None = None,
    owner: Annotated[str, Query(max_length=128, description="staffId of a developer")] = "",
    after: Annotated[str, Query(max_length=128, description="The last id of the page before")] = "",
    limit: Annotated[int | None, Query(ge=1, le=1000, description="All when left out")] = None,
) -> list[ClientState]:
    async with control.store.read() as connection:
        found = await clients.search(
            connection,
            text=q,
            state=state,
            client_class=client_class,
            sandbox=sandbox,
            owner=owner,
            after=after,
            limit=limit,
        )
    return [as_state(client) for client in found]


@router.get(
    "/clients/{client_id}",
    operation_id="getClient",
    summary="One registered client",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def get_client(client_id: ClientId, control: ControlDep) -> ClientState:
    return as_state(await find(control, client_id))


async def find(control: Control, client_id: str) -> Client:
    """Raises:
    NotFound: there is none of this id.
    """
    async with control.store.read() as connection:
        client = await clients.find(connection, client_id)
    if client is None:
        raise NotFound(f"There is no client {client_id!r}.")
    return client


@router.post(
    "/clients",
    operation_id="createClient",
    status_code=201,
    summary="Register a client; its secret is in the answer and nowhere else",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def create_client(new: NewClient, control: ControlDep, caller: CallerDep) -> CreatedClient:
    client, secret = registration.make_client(
        new, control.secrets, control.now(), client_class=new.client_class, rate=new.rate,
        quota=new.quota, client_id=new.client_id, client_secret=new.client_secret,
    )  # fmt: skip
    async with control.change() as connection:
        await clients.add(connection, client)
        await record_registration(control, connection, caller.actor, client)
    return CreatedClient(**members(client), client_secret=secret or None)


@router.patch(
    "/clients/{client_id}",
    operation_id="changeClient",
    summary="Change what a client is and may, but not how it authenticates",
    description="Tokens that are out keep their scopes until they expire.",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def change_client(
    client_id: ClientId, change: ClientChange, control: ControlDep, caller: CallerDep
) -> ClientState:
    def changed(client: Client) -> Client:
        wanted = _with_metadata(control, client, change)
        if client.sandbox:
            _check_sandbox(control, wanted.scopes)
        return replace(
            wanted,
            client_class=change.client_class or client.client_class,
            rate=change.rate or client.rate,
            quota=client.quota if change.quota is None else change.quota,
        )

    return await change_one(control, caller, client_id, "change", changed)


def _with_metadata(control: Control, client: Client, change: ClientChange) -> Client:
    """Raises:
    Unprocessable: what it would be does not fit together.
    """
    given = change.model_dump(exclude_none=True, include=set(ClientMetadata.model_fields))
    if not given:
        return client
    try:
        metadata = ClientMetadata.model_validate({**registration.as_metadata(client), **given})
    except ValidationError as error:
        faults = [
            Fault(pointer(*one["loc"]), one["msg"].removeprefix("Value error, "))
            for one in error.errors()
        ]
        raise Unprocessable("The client cannot be changed like that.", faults=faults) from error
    wanted, _ = registration.make_client(metadata, control.secrets, client.created)
    # what it has proposed itself is decided apart
    return replace(approval.with_metadata(client, wanted), proposed=client.proposed)


@router.post(
    "/clients/{client_id}/suspend",
    operation_id="suspendClient",
    summary="Refuse a client from now on, and void the tokens it has",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def suspend_client(
    client_id: ClientId, control: ControlDep, caller: CallerDep
) -> ClientState:
    now = control.now()

    def suspended(client: Client) -> Client:
        return replace(client, suspended=True, paused=False, revoked_before=now)

    return await change_one(control, caller, client_id, "suspend", suspended)


@router.post(
    "/clients/{client_id}/resume",
    operation_id="resumeClient",
    summary="Accept a suspended client again; tokens from before stay void",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def resume_client(client_id: ClientId, control: ControlDep, caller: CallerDep) -> ClientState:
    def resumed(client: Client) -> Client:
        return replace(client, suspended=False, paused=False)

    return await change_one(control, caller, client_id, "resume", resumed)


def _check_sandbox(control: Control, scopes: Sequence[str]) -> None:
    if more := sandbox.beyond(scopes, control.publisher.current.apis):
        fault = Fault("/scope", f"{more[0]!r} is not for the sandbox", "Register a live client.")
        raise Unprocessable("A sandbox application stays in the sandbox.", faults=[fault])


async def change_one(
    control: Control,
    caller: Caller,
    client_id: str,
    verb: str,
    change: Callable[[Client], Client],
    **more: Any,
) -> ClientState:
    """Change a client, and put it into the audit log as ``client.<verb>``.

    Args:
        more: what the log is to say besides its scopes and its rate.

    Raises:
        NotFound: there is none of this id.
    """
    async with control.change() as connection:
        client = await clients.find(connection, client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.")
        changed = change(client)
        await clients.replace(connection, changed)
        what = {"scopes": list(changed.scopes), "rate": list(changed.rate), **more}
        await control.record(connection, caller.actor, f"client.{verb}", client_id, **what)
    return as_state(changed)


def as_state(client: Client) -> ClientState:
    return ClientState(**members(client))


def members(client: Client) -> dict[str, Any]:
    return {
        **registration.as_metadata(client),
        "client_class": client.client_class,
        "rate": client.rate,
        "quota": client.quota,
        "suspended": client.suspended,
        "state": client.state,
        "sandbox": client.sandbox,
        "owner": client.owner,
        "asked": " ".join(client.asked),
        "proposed": client.proposed,
    }
