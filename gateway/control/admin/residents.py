"""What the city's counter does for a resident who is there with their papers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator
from sqlalchemy import update

from gateway.control import links, residents, tables
from gateway.control.identity import recovery
from gateway.control.residents import Resident
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import Conflict, NotFound
from schemas.scopes import OPERATOR_RESIDENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

Domain = Literal[
    "administration", "education", "logistics", "medical", "mobility", "payments"
]  # fmt: skip
"""Those of :data:`gateway.control.links.LINKED_DOMAINS`."""
LocalId = Annotated[str, Field(min_length=1, max_length=200)]


class Whom(Wire):
    username: str = Field(min_length=1, max_length=100)


class NewResident(Whom):
    """An account. A real person's has no password yet: they set it with the recovery code."""

    name: str = Field(default="", max_length=200)
    proofing: int = Field(default=1, ge=1, le=3, description="NIST SP 800-63A")
    links: dict[Domain, LocalId] = Field(
        default_factory=dict, description="Domain → the id by which its data holder knows them"
    )
    synthetic: bool = Field(
        default=False, description="Made up, for developers' tests: sandbox applications act for "
        "them, and for nobody else",
    )  # fmt: skip
    password: str | None = Field(
        default=None, min_length=residents.SHORTEST_PASSWORD,
        max_length=residents.LONGEST_PASSWORD, description="Of a synthetic resident alone",
    )  # fmt: skip

    @model_validator(mode="after")
    def _nobody_else_knows_a_password(self) -> Self:
        if self.password and not self.synthetic:
            raise ValueError("password: a real resident chooses it, and nobody else knows it")
        return self


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


@router.post(
    "/residents",
    operation_id="createResident",
    status_code=201,
    summary="An account for a resident, or a synthetic one for developers",
    description="The answer's code is what the person sets their password with, at `/my/recover`.",
    openapi_extra=operation(OPERATOR_RESIDENTS, authenticator=2),
)
async def create_resident(new: NewResident, control: ControlDep, caller: CallerDep) -> RecoveryCode:
    username = residents.as_kept(new.username)
    hashed = await control.passwords.hash(new.password) if new.password else ""
    until = control.now() + recovery.OF_COUNTER
    async with control.store.write() as connection:
        if await residents.find_by_username(connection, username):
            raise Conflict("There is a resident with this user name already.")
        resident_id = await residents.add(
            connection, username, hashed, new.name or username, control.now(), new.proofing,
            synthetic=new.synthetic,
        )  # fmt: skip
        for domain, local_id in new.links.items():
            await links.want(connection, resident_id, domain, local_id)
        (code,) = await recovery.make(connection, control.secrets, resident_id, until)
        await control.record_about(
            connection, resident_id, caller.actor, "account.create", synthetic=new.synthetic
        )
    return RecoveryCode(code=code, expires_in=recovery.OF_COUNTER)


async def _find(control: Control, username: str) -> Resident:
    async with control.store.read() as connection:
        found = await residents.find_by_username(connection, username)
    if found is None:
        raise NotFound("There is no resident with this user name.")
    return found
