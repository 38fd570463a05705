"""A resident's consents over the API, for the app that holds them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent import receipt, records
from gateway.control.consent.records import Given
from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth.records import find_grant
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import Caller, CallerDep
from schemas.problem import Forbidden, NotFound
from schemas.scopes import CONSENTS_READ, CONSENTS_WITHDRAW
from schemas.xcity import operation

router = APIRouter(prefix="/residents/v1/me/consents", tags=["Residents"])

ConsentId = Annotated[str, Path(max_length=128)]


class HeldConsent(Wire):
    """One consent of the resident behind the token to the app that asks."""

    consent_id: str
    dataset: str
    fields: list[str] = Field(description="Ids of the data set's fields; empty for all")
    purpose: str
    given: AwareDatetime
    until: AwareDatetime
    state: Literal["given", "withdrawn", "expired"]


@router.get(
    "",
    operation_id="listConsents",
    summary="What the resident behind the token has agreed to with this app, the newest first",
    openapi_extra=operation(CONSENTS_READ),
)
async def list_consents(control: ControlDep, caller: CallerDep) -> list[HeldConsent]:
    async with control.store.read() as connection:
        found = await _held(connection, caller)
    now = control.now()
    newest = sorted(found, key=lambda one: (-one.created, one.dataset, one.consent_id))
    return [_shown(one, now) for one in newest]


@router.get(
    "/{consent}/receipt",
    operation_id="getReceipt",
    summary="The signed receipt of a consent (ISO/IEC TS 27560)",
    response_class=JSONResponse,
    openapi_extra=operation(CONSENTS_READ),
)
async def get_receipt(consent: ConsentId, control: ControlDep, caller: CallerDep) -> Response:
    async with control.store.read() as connection:
        given = await _one(connection, caller, consent)
        return JSONResponse(await receipt.made(control, connection, given))


@router.delete(
    "/{consent}",
    operation_id="endConsent",
    status_code=204,
    summary="End a consent: the app gives back what it was allowed",
    openapi_extra=operation(CONSENTS_WITHDRAW),
)
async def end_consent(consent: ConsentId, control: ControlDep, caller: CallerDep) -> Response:
    async with control.change() as connection:
        given = await _one(connection, caller, consent)
        await withdraw(control, connection, given.gid, actor=caller.client, consent_id=consent)
    return Response(status_code=204)


async def _held(connection: AsyncConnection, caller: Caller) -> list[Given]:
    """All consents of the resident to the client, under whichever grant.

    Raises:
        Forbidden: there is no resident behind the call.
    """
    grant = await find_grant(connection, caller.grant) if caller.grant else None
    if grant is None or grant.client_id != caller.client:
        raise Forbidden("These are a resident's own: call it with a token of the resident.")
    given = await records.of_resident(connection, grant.resident_id)
    return [one for one in given if one.client_id == caller.client]


async def _one(connection: AsyncConnection, caller: Caller, consent: str) -> Given:
    for one in await _held(connection, caller):
        if one.consent_id == consent:
            return one
    raise NotFound("There is no such consent of this resident to this app.")


def _shown(given: Given, now: int) -> HeldConsent:
    ended: Literal["withdrawn", "expired"] = "expired" if given.withdrawn is None else "withdrawn"
    return HeldConsent(
        consent_id=given.consent_id,
        dataset=given.dataset,
        fields=list(given.fields),
        purpose=given.purpose,
        given=datetime.fromtimestamp(given.created, UTC),
        until=datetime.fromtimestamp(given.until, UTC),
        state="given" if given.is_alive(now) else ended,
    )
