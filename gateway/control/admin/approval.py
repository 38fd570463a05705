"""Clients that registered themselves, or would like to be more: yes or no."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from gateway.control.admin.clients import ClientId, ClientState, Quota, Rate, change_one
from gateway.control.oauth import approval, clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import Purpose, make_client
from gateway.control.state import ControlDep
from schemas.kit.caller import CallerDep
from schemas.policy import ClientClass
from schemas.problem import Conflict
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class Approval(BaseModel):
    """What is left out is as the client asked, or as it was."""

    scope: str | None = Field(default=None, max_length=4000, description="Some of those asked for")
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Some of those asked for"
    )
    client_class: ClientClass | None = None
    rate: Rate | None = None
    quota: Quota | None = None


class Refusal(BaseModel):
    reason: Reason = Field(description="For the audit log")


@router.post(
    "/clients/{client_id}/approve",
    operation_id="approveClient",
    summary="Accept a client that registered itself, or what it proposes to be",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def approve_client(
    client_id: ClientId, given: Approval, control: ControlDep, caller: CallerDep
) -> ClientState:
    def approved(client: Client) -> Client:
        proposal = None
        if client.state != clients.PENDING:
            metadata = approval.metadata_of_proposal(client)
            proposal, _ = make_client(metadata, control.secrets, client.created)
        found = approval.approved(client, proposal, given.scope, given.purposes)
        return replace(
            found,
            client_class=given.client_class or client.client_class,
            rate=given.rate or client.rate,
            quota=client.quota if given.quota is None else given.quota,
        )

    return await change_one(control, caller, client_id, "approve", approved)


@router.post(
    "/clients/{client_id}/refuse",
    operation_id="refuseClient",
    summary="Refuse a client that registered itself, or what it proposes to be",
    response_model_exclude_none=True,
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def refuse_client(
    client_id: ClientId, given: Refusal, control: ControlDep, caller: CallerDep
) -> ClientState:
    def refused(client: Client) -> Client:
        if client.state == clients.PENDING:
            return replace(client, state=clients.REFUSED)
        if client.proposed is None:
            raise Conflict(f"Client {client_id!r} waits for nothing.")
        return replace(client, proposed=None)

    return await change_one(control, caller, client_id, "refuse", refused, reason=given.reason)
