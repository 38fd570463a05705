"""What a client asks for, in words: before an operator says yes."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from pydantic import Field

from gateway.control.admin.clients import ClientId, find
from gateway.control.oauth import registration
from gateway.control.oauth.approval import needs_approval
from gateway.control.oauth.asked import describe
from gateway.control.oauth.clients import PENDING, Client
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.purposes import PURPOSES
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

_UNCHANGING: Final = ("client_id", "client_id_issued_at", "scope", "purposes", "response_types")


class AskedScope(Wire):
    scope: str
    title: str = Field(description="The data sets behind it")
    title_ja: str
    action: str = Field(description="`read`, `write`, or `act` where no operation asks for it")
    personal: bool = Field(description="It opens data that is not open")
    by_consent: bool = Field(description="It opens nothing that a resident has not agreed to")
    held: bool = Field(description="The client has it already")


class AskedPurpose(Wire):
    purpose: str
    title: str
    title_ja: str
    held: bool


class AskedChange(Wire):
    """A member of the registration (RFC 7591 §2) that would be another."""

    member: str
    now: Any
    wanted: Any


class Asked(Wire):
    """What a client waits for."""

    waits: bool
    new: bool = Field(description="It registered itself, and has nothing yet")
    more: bool = Field(description="It would have more than now, or look like somebody else")
    scopes: list[AskedScope]
    purposes: list[AskedPurpose]
    changes: list[AskedChange]


@router.get(
    "/clients/{client_id}/asked",
    operation_id="getAsked",
    summary="What a client would have and be if it were approved, in words",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def get_asked(client_id: ClientId, control: ControlDep) -> Asked:
    client = await find(control, client_id)
    new = client.state == PENDING
    wanted = client if client.proposed is None else _proposed(control, client)
    held_scopes = frozenset(() if new else client.scopes)
    held_purposes = frozenset(() if new else client.purposes)
    return Asked(
        waits=new or client.proposed is not None,
        new=new,
        more=new or needs_approval(client, wanted),
        scopes=_scopes(control, wanted, held_scopes),
        purposes=[
            AskedPurpose(
                purpose=name,
                title=PURPOSES[name].en,
                title_ja=PURPOSES[name].ja,
                held=name in held_purposes,
            )
            for name in wanted.purposes
        ],
        changes=_changes(client, wanted),
    )


def _proposed(control: Control, client: Client) -> Client:
    metadata = ClientMetadata.model_validate(client.proposed)
    made, _ = make_client(metadata, control.secrets, client.created, client_id=client.client_id)
    return made


def _scopes(control: Control, wanted: Client, held: frozenset[str]) -> list[AskedScope]:
    apis = control.publisher.current.apis
    japanese = {one.scope: one.title for one in describe(apis, wanted.scopes, "ja")}
    return [
        AskedScope(
            scope=one.scope,
            title=one.title,
            title_ja=japanese[one.scope],
            action=one.action,
            personal=one.personal,
            by_consent=one.by_consent,
            held=one.scope in held,
        )
        for one in describe(apis, wanted.scopes, "en")
    ]


def _changes(client: Client, wanted: Client) -> list[AskedChange]:
    now, then = registration.as_metadata(client), registration.as_metadata(wanted)
    return [
        AskedChange(member=name, now=now.get(name), wanted=then.get(name))
        for name in sorted(now.keys() | then.keys())
        if name not in _UNCHANGING and now.get(name) != then.get(name)
    ]
