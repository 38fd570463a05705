"""Staff accounts, ``/control/v1/staff``: invite, list, change roles, suspend, invite anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from gateway.control import second_factor
from gateway.control.oauth import clients
from gateway.control.staff import accounts, enrolment, grants
from gateway.control.staff.accounts import INVITATION, Staff
from gateway.control.staff.roles import Role, check_roles
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.scopes import OPERATOR_STAFF
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

StaffId = Annotated[str, Path(max_length=128)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=4)]


class NewStaff(Wire):
    username: str = Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f]+$")
    name: str = Field(default="", max_length=200)
    roles: Roles


class StaffChange(Wire):
    """What is given is replaced; what is left out stays."""

    roles: Roles | None = None
    suspended: bool | None = None


class StaffState(Wire):
    staff_id: str
    username: str
    name: str
    roles: list[Role]
    suspended: bool
    enrolled: bool = Field(description="Has set a password and an authenticator")


class Invited(StaffState):
    invitation: str = Field(description="What the person opens; shown this once, good once")
    expires_in: int = Field(description="Seconds")


@router.get(
    "/staff",
    operation_id="listStaff",
    summary="All staff accounts",
    openapi_extra=operation(OPERATOR_STAFF),
)
async def list_staff(control: ControlDep) -> list[StaffState]:
    async with control.store.read() as connection:
        return [_state(one) for one in await accounts.find_all(connection)]


@router.post(
    "/staff",
    operation_id="inviteStaff",
    status_code=201,
    summary="Invite somebody: they set password and authenticator at the address in the answer",
    openapi_extra=operation(OPERATOR_STAFF),
)
async def invite_staff(new: NewStaff, control: ControlDep, caller: CallerDep) -> Invited:
    staff = accounts.new_staff(new.username, new.name, _roles(new.roles), control.now())
    async with control.store.write() as connection:
        await accounts.add(connection, staff)
        invitation = await accounts.invite(connection, control.secrets, staff, control.now())
        await control.record(
            connection, caller.actor, "staff.invite", staff.staff_id, roles=list(staff.roles)
        )
    return _invited(control, staff, invitation)


@router.post(
    "/staff/{staff_id}/invitation",
    operation_id="inviteStaffAnew",
    summary="For who has lost password or phone: both are void until the invitation is taken up",
    openapi_extra=operation(OPERATOR_STAFF),
)
async def invite_anew(staff_id: StaffId, control: ControlDep, caller: CallerDep) -> Invited:
    staff = await _find(control, staff_id)
    async with control.change() as connection:
        staff = await accounts.set_password(connection, staff, "")
        await second_factor.remove(connection, staff.account)
        await grants.revoke_all(connection, staff.staff_id, control.now())
        invitation = await accounts.invite(connection, control.secrets, staff, control.now())
        await control.record(connection, caller.actor, "staff.reset", staff.staff_id)
    return _invited(control, staff, invitation)


@router.patch(
    "/staff/{staff_id}",
    operation_id="changeStaff",
    summary="Change roles, suspend, or end a suspension; what the person has running ends at once",
    openapi_extra=operation(OPERATOR_STAFF),
)
async def change_staff(
    staff_id: StaffId, change: StaffChange, control: ControlDep, caller: CallerDep
) -> StaffState:
    staff = await _find(control, staff_id)
    async with control.change() as connection:
        if change.roles is not None:
            staff = await accounts.replace_roles(connection, staff, _roles(change.roles))
        if change.suspended is not None:
            staff = await accounts.suspend(connection, staff, suspended=change.suspended)
        if staff.suspended:
            await clients.suspend_sandbox_of(connection, staff.staff_id, control.now())
        await grants.revoke_all(connection, staff.staff_id, control.now())
        await control.record(
            connection, caller.actor, "staff.change", staff.staff_id,
            roles=list(staff.roles), suspended=staff.suspended,
        )  # fmt: skip
    return _state(staff)


async def _find(control: Control, staff_id: str) -> Staff:
    async with control.store.read() as connection:
        found = await accounts.find(connection, staff_id)
    if found is None:
        raise NotFound("There is no such account; GET /control/v1/staff lists them.")
    return found


def _roles(given: list[Role]) -> tuple[Role, ...]:
    try:
        return check_roles(given)
    except ValueError as error:
        fault = Fault("roles", str(error), "Give two people two accounts.")
        raise Unprocessable("Correct what `errors` names.", faults=[fault]) from error


def _state(staff: Staff) -> StaffState:
    return StaffState(**_members(staff))


def _invited(control: Control, staff: Staff, invitation: str) -> Invited:
    where = enrolment.link(control, invitation)
    return Invited(**_members(staff), invitation=where, expires_in=INVITATION)


def _members(staff: Staff) -> dict[str, object]:
    return {
        "staff_id": staff.staff_id,
        "username": staff.username,
        "name": staff.name,
        "roles": list(staff.roles),
        "suspended": staff.suspended,
        "enrolled": bool(staff.password_hash),
    }
