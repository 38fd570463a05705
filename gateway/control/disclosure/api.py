"""Disclosing a resident's data in an emergency (APPI Art. 27 (1) ii): ``/control/v1/emergency``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import emergencies
from gateway.control.disclosure import giving, person
from gateway.control.oauth import clients
from gateway.control.oauth.token import NO_STORE
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import Conflict, NotFound
from schemas.scopes import OPERATOR_DISCLOSE
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

MOST_MINUTES: Final = 30

Id = Annotated[str, Field(min_length=1, max_length=128)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)
]  # fmt: skip


class ByLocalId(Wire):
    """A resident, by the id of the data holder of a domain."""

    domain: Name
    local_id: Id


class ByPseudonym(Wire):
    """A resident, by the pseudonym in the audit log."""

    pseudonym: Id


class NewDisclosure(Wire):
    """Whose data, which, and why."""

    who: ByLocalId | ByPseudonym
    datasets: list[Name] = Field(min_length=1, max_length=10)
    reason: Reason = Field(
        description="Why life or limb is in danger and the resident cannot be asked. Recorded for "
        "ever, and read by the resident: no details of the person in it"
    )
    minutes: int = Field(default=10, ge=1, le=MOST_MINUTES)


class MadeDisclosure(BaseModel):
    """A token for what was asked (members as in RFC 6749 §5.1), and until when."""

    id: str
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int = Field(description="Seconds")
    until: datetime
    scope: str
    authorization_details: list[dict[str, Any]] = Field(description="RFC 9396 §7")


@router.post(
    "/emergency/disclosures",
    operation_id="discloseInEmergency",
    status_code=201,
    summary="Read a resident's data without consent, to protect life; only in an emergency",
    description="Answers a short access token for the data sets alone. The disclosure is in the "
    "audit log, is counted in the transparency report, and the resident reads of it on their own "
    "page. It ends with the emergency.",
    response_model=MadeDisclosure,
    openapi_extra=operation(
        OPERATOR_DISCLOSE,
        priority="life-safety",
        emergency="reserved",
        rate=(60, 60),
        authenticator=2,
        max_body_bytes=16_384,
    ),
)
async def disclose(new: NewDisclosure, control: ControlDep, caller: CallerDep) -> JSONResponse:
    async with control.store.write() as connection:
        emergency = await emergencies.in_force(connection, control.now())
        if emergency is None:
            raise Conflict(
                "No emergency is in force: ask the resident for consent.", slug="no-emergency"
            )
        client = await clients.find(connection, caller.client)
        if client is None or client.suspended or client.sandbox:
            raise NotFound("The calling client is not registered.")
        made = await giving.give(
            control,
            connection,
            client=client,
            resident_id=await _find(control, connection, new.who),
            datasets=list(dict.fromkeys(new.datasets)),
            reason=new.reason,
            emergency=emergency,
            seconds=new.minutes * 60,
        )
    answer = MadeDisclosure(
        id=made.disclosure.gid,
        access_token=made.token,
        expires_in=made.lifetime,
        until=datetime.fromtimestamp(made.disclosure.until, UTC),
        scope=giving.scopes_for(control, made.disclosure.datasets),
        authorization_details=[{**one.as_detail()} for one in made.consents],
    )
    content = answer.model_dump(mode="json")
    return JSONResponse(content, status_code=201, headers=NO_STORE)


async def _find(control: Control, connection: AsyncConnection, who: ByLocalId | ByPseudonym) -> str:
    if isinstance(who, ByLocalId):
        return await person.by_local_id(connection, who.domain, who.local_id)
    return await person.by_pseudonym(connection, control.pseudonyms, who.pseudonym)
