"""Where a client is told that consents have ended, and who has not said that they know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import select

from gateway.control import tables
from gateway.control.oauth import clients
from gateway.control.oauth.token import NO_STORE
from gateway.control.state import ControlDep
from gateway.control.told import targets
from gateway.control.told.notice import Reason
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.kit.outgoing.guard import Guard
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

ClientId = Annotated[str, Path(max_length=128)]
_OPERATION = operation(OPERATOR_CLIENTS)


class NoticeAddress(Wire):
    uri: str = Field(max_length=2000, description="Called by POST; https, in the public Internet")


class NewAddress(NoticeAddress):
    secret: str = Field(description="Of the signatures (Standard Webhooks); shown this once")


class ClientAddress(NoticeAddress):
    client: str


class ToldAgain(Wire):
    client: str
    notices: int = Field(description="So many are being told again")


class NoticeState(Wire):
    """A notice, without whom it is about."""

    message: str = Field(description="`webhook-id` of the message")
    client: str
    reason: Reason
    ended: datetime
    tries: int
    told: datetime | None = Field(description="When it was sent first")
    acknowledged: datetime | None = Field(description="When the client answered 2xx")
    waiting: bool = Field(description="Whether it is tried again")
    error: str = Field(description="Of the last try")


def guard_of(request: Request) -> Guard:
    """Which addresses may be called."""
    found: Guard = request.app.state.guard
    return found


@router.put(
    "/clients/{client_id}/consent-notices",
    operation_id="setNoticeAddress",
    summary="Have a client told, signed, when consents that it holds end",
    description="Each end is one message of type `consent.withdrawn` "
    "(https://www.standardwebhooks.com); 2xx acknowledges it, anything else is tried again over "
    "three days. Setting it again gives another secret, at once.",
    response_model=NewAddress,
    openapi_extra=_OPERATION,
)
async def set_notice_address(
    client_id: ClientId,
    body: NoticeAddress,
    control: ControlDep,
    caller: CallerDep,
    request: Request,
) -> JSONResponse:
    targets.check(guard_of(request), body.uri, "/uri")
    async with control.store.write() as connection:
        if await clients.find(connection, client_id) is None:
            raise NotFound(f"There is no client {client_id!r}.")
        secret = await targets.put(control, connection, client_id, body.uri)
        await control.record(connection, caller.actor, "client.notices", client_id, uri=body.uri)
    return JSONResponse({"uri": body.uri, "secret": secret}, headers=NO_STORE)


@router.delete(
    "/clients/{client_id}/consent-notices",
    operation_id="removeNoticeAddress",
    status_code=204,
    summary="Tell a client no more; what waits for it is given up",
    openapi_extra=_OPERATION,
)
async def remove_notice_address(
    client_id: ClientId, control: ControlDep, caller: CallerDep
) -> Response:
    async with control.store.write() as connection:
        if not await targets.remove(connection, client_id):
            raise NotFound(f"No address is known for client {client_id!r}.")
        await control.record(connection, caller.actor, "client.notices", client_id, uri="")
    return Response(status_code=204)


@router.post(
    "/clients/{client_id}/consent-notices",
    operation_id="tellAgain",
    summary="Tell a client again, at once, of every end that it has not acknowledged",
    openapi_extra=_OPERATION,
)
async def tell_again(client_id: ClientId, control: ControlDep, caller: CallerDep) -> ToldAgain:
    async with control.store.write() as connection:
        if client_id not in await targets.addresses(connection):
            raise NotFound(f"No address is known for client {client_id!r}.")
        count = await targets.tell_again(connection, client_id, control.clock().timestamp())
        await control.record(
            connection, caller.actor, "client.notices-again", client_id, count=count
        )
    return ToldAgain(client=client_id, notices=count)


@router.get(
    "/notice-addresses",
    operation_id="listNoticeAddresses",
    summary="Where clients are told that consents have ended",
    openapi_extra=_OPERATION,
)
async def list_notice_addresses(control: ControlDep) -> list[ClientAddress]:
    async with control.store.read() as connection:
        found = await targets.addresses(connection)
    return [ClientAddress(client=client, uri=uri) for client, uri in found.items()]


@router.get(
    "/consent-notices",
    operation_id="listConsentNotices",
    summary="Notices of ended consents; those that nobody has acknowledged unless asked otherwise",
    openapi_extra=_OPERATION,
)
async def list_consent_notices(
    control: ControlDep,
    acknowledged: bool = False,
    client: Annotated[str, Query(max_length=128)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[NoticeState]:
    """The oldest first."""
    table = tables.notices
    known = table.c.acknowledged
    query = select(table).where(known.is_not(None) if acknowledged else known.is_(None))
    if client:
        query = query.where(table.c.client_id == client)
    async with control.store.read() as connection:
        rows = await connection.execute(query.order_by(table.c.created).limit(limit))
        return [_state(row) for row in rows]


def _state(row: Any) -> NoticeState:
    return NoticeState(
        message=row.message,
        client=row.client_id,
        reason=row.reason,
        ended=_moment(row.created),
        tries=row.tries,
        told=_moment(row.told) if row.told else None,
        acknowledged=_moment(row.acknowledged) if row.acknowledged else None,
        waiting=row.due is not None,
        error=row.error,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
