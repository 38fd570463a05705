"""What the city's counter does for a resident who is there with their papers."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import update

from gateway.control import residents, tables
from gateway.control.identity import recovery
from gateway.control.residents import Resident
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_RESIDENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class Whom(Wire):
    username: str = Field(min_length=1, max_length=100)


class RecoveryCode(Wire):
    code: str = Field(description="For the person's own hands; shown this once, good once")
    expires_in: int = Field(description="Seconds")


class Proofing(Whom):
    level: int = Field(ge=1, le=3, description="Identity assurance level (NIST SP 800-63A)")


@router.post(
    "/residents/recovery",
    operation_id="makeRecoveryCode",
    status_code=201,
    summary="A recovery code for a resident whose papers were seen",
    openapi_extra=operation(OPERATOR_RESIDENTS, authenticator=2),
)
async def make_recovery_code(whom: Whom, control: ControlDep, caller: CallerDep) -> RecoveryCode:
    resident = await _find(control, whom.username)
    until = control.now() + recovery.OF_COUNTER
    async with control.store.write() as connection:
        (code,) = await recovery.make(connection, control.secrets, resident.resident_id, until)
        await control.record_about(
            connection, resident.resident_id, caller.actor, "account.recovery-code"
        )
    return RecoveryCode(code=code, expires_in=recovery.OF_COUNTER)


@router.post(
    "/residents/proofing",
    operation_id="setProofing",
    status_code=204,
    summary="How well a resident's identity has been proved",
    openapi_extra=operation(OPERATOR_RESIDENTS, authenticator=2),
)
async def set_proofing(proofing: Proofing, control: ControlDep, caller: CallerDep) -> None:
    resident = await _find(control, proofing.username)
    table = tables.residents
    async with control.store.write() as connection:
        await connection.execute(
            update(table)
            .where(table.c.resident_id == resident.resident_id)
            .values(proofing=proofing.level)
        )
        await control.record_about(
            connection, resident.resident_id, caller.actor, "account.proofing",
            level=proofing.level,
        )  # fmt: skip


async def _find(control: Control, username: str) -> Resident:
    async with control.store.read() as connection:
        found = await residents.find_by_username(connection, username)
    if found is None:
        raise NotFound("There is no resident with this user name.")
    return found
