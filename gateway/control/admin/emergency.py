"""Emergency mode: declare, look at, end.

Served like life-safety itself: whoever must end an emergency gets through.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field, StringConstraints

from gateway.control import emergencies
from gateway.control.disclosure import records as disclosures
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.policy import LONGEST_EMERGENCY, Emergency, EmergencyLevel
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.scopes import OPERATOR_EMERGENCY
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

_OPERATION = operation(OPERATOR_EMERGENCY, priority="life-safety", emergency="reserved")
_HOURS = LONGEST_EMERGENCY // 3600

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)
]  # fmt: skip


class NewEmergency(Wire):
    reason: Reason = Field(description="Recorded with the operator's client; not told to clients")
    until: AwareDatetime = Field(description=f"RFC 3339; at most {_HOURS} hours from now")
    level: EmergencyLevel = Field(
        default="elevated",
        description="`elevated`: what is not for life-safety goes on with smaller shares; "
        "`severe`: bulk requests are refused; `critical`: normal ones too",
    )


class EmergencyState(Wire):
    """The emergency in force."""

    id: str
    since: datetime
    until: datetime = Field(description="It ends then by itself")
    level: EmergencyLevel
    reason: str

    @classmethod
    def of(cls, emergency: Emergency) -> EmergencyState:
        since, until = (datetime.fromtimestamp(emergency[at], UTC) for at in ("since", "until"))
        return cls(
            id=emergency["id"],
            since=since,
            until=until,
            level=emergency["level"],
            reason=emergency["reason"],
        )


@router.post(
    "/emergency",
    operation_id="declareEmergency",
    status_code=201,
    summary="Declare an emergency, in place of the one in force; every worker follows at once",
    openapi_extra=_OPERATION,
)
async def declare_emergency(
    new: NewEmergency, control: ControlDep, caller: CallerDep
) -> EmergencyState:
    now = control.now()
    until = int(new.until.timestamp())
    if not now < until <= now + LONGEST_EMERGENCY:
        latest = datetime.fromtimestamp(now, UTC) + timedelta(seconds=LONGEST_EMERGENCY)
        what = "It must be after now, and at most 72 hours from now."
        raise Unprocessable(
            "The emergency has no usable end.",
            faults=[Fault("/until", what, f"The latest is {latest:%Y-%m-%dT%H:%M:%SZ}.")],
        )
    async with control.change() as connection:
        emergency = await emergencies.declare(
            connection,
            now=now,
            until=until,
            level=new.level,
            reason=new.reason,
        )
        await control.record(
            connection,
            caller.actor,
            "emergency.declare",
            emergency["id"],
            level=new.level,
            reason=new.reason,
            until=until,
        )
    return EmergencyState.of(emergency)


@router.get(
    "/emergency",
    operation_id="getEmergency",
    summary="The emergency in force; 404 when there is none",
    openapi_extra=_OPERATION,
)
async def get_emergency(control: ControlDep) -> EmergencyState:
    async with control.store.read() as connection:
        emergency = await emergencies.in_force(connection, control.now())
    if emergency is None:
        raise NotFound("No emergency is in force.")
    return EmergencyState.of(emergency)


@router.delete(
    "/emergency",
    operation_id="endEmergency",
    status_code=204,
    summary="End the emergency in force before its time",
    openapi_extra=_OPERATION,
)
async def end_emergency(control: ControlDep, caller: CallerDep) -> Response:
    async with control.change() as connection:
        ended = await emergencies.end(connection, now=control.now())
        if ended is None:
            raise NotFound("No emergency is in force.")
        await control.record(connection, caller.actor, "emergency.end", ended["id"])
        for one in await disclosures.end_all(connection, control.now()):
            await control.record(connection, caller.actor, "disclosure.end", one.gid)
    return Response(status_code=204)
