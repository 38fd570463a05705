"""A developer's own applications by program, ``/control/v1/me/clients``.

The same as the portal's pages do, with the token of a developer who has signed in by
``supercity login``. What a registration says of itself is changed by RFC 7592.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import Field

from gateway.control.admin.clients import ClientState, CreatedClient, as_state, members
from gateway.control.oauth.registration import ClientMetadata
from gateway.control.portal import apps, credentials
from gateway.control.portal.credentials import LONGEST_OVERLAP
from gateway.control.staff import accounts
from gateway.control.staff.accounts import Staff
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import Caller, CallerDep
from schemas.problem import Forbidden
from schemas.scopes import DEVELOPER_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Developers"])

PATH: Final = "/me/clients"
ClientId = Annotated[str, Path(max_length=128)]


class Rotation(Wire):
    overlap: int = Field(
        default=0, ge=0, le=LONGEST_OVERLAP,
        description="Seconds for which the secret before is good too",
    )  # fmt: skip


@router.get(
    PATH,
    operation_id="listOwnClients",
    summary="A developer's own applications",
    response_model_exclude_none=True,
    openapi_extra=operation(DEVELOPER_CLIENTS),
)
async def list_own(control: ControlDep, caller: CallerDep) -> list[ClientState]:
    staff = await _developer(control, caller)
    return [as_state(one) for one in await apps.own(control, staff)]


@router.post(
    PATH,
    operation_id="createOwnClient",
    status_code=201,
    summary="A sandbox application; its secret is in the answer and nowhere else",
    response_model_exclude_none=True,
    openapi_extra=operation(DEVELOPER_CLIENTS),
)
async def create_own(new: ClientMetadata, control: ControlDep, caller: CallerDep) -> CreatedClient:
    made = await apps.create(control, await _developer(control, caller), new)
    return CreatedClient(**members(made.client), client_secret=made.secret or None)


@router.post(
    PATH + "/{client_id}/secret",
    operation_id="rotateOwnSecret",
    summary="A new secret, and the one before for a while",
    response_model_exclude_none=True,
    openapi_extra=operation(DEVELOPER_CLIENTS),
)
async def rotate(
    client_id: ClientId, rotation: Rotation, control: ControlDep, caller: CallerDep
) -> CreatedClient:
    staff = await _developer(control, caller)
    made = await credentials.rotate(control, staff, client_id, rotation.overlap)
    return CreatedClient(**members(made.client), client_secret=made.secret)


@router.delete(
    PATH + "/{client_id}",
    operation_id="deleteOwnClient",
    status_code=204,
    summary="End an application for good",
    openapi_extra=operation(DEVELOPER_CLIENTS),
)
async def delete(client_id: ClientId, control: ControlDep, caller: CallerDep) -> None:
    await apps.end(control, await _developer(control, caller), client_id)


async def _developer(control: Control, caller: Caller) -> Staff:
    """Raises:
    Forbidden: no developer is behind the call.
    """
    async with control.store.read() as connection:
        staff = await accounts.find(connection, caller.operator) if caller.operator else None
    if staff is None or staff.suspended or "developer" not in staff.roles:
        raise Forbidden("These are a developer's own: sign in as one (`supercity login`).")
    return staff
