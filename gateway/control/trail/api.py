"""The trail and the objections over HTTP: for a resident's own apps, and for who must answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import Field

from gateway.control.audit.opened import Opened
from gateway.control.audit.uses import DISCLOSE
from gateway.control.state import ControlDep
from gateway.control.trail import objections, uses
from gateway.control.trail.objections import LONGEST, Objection
from gateway.control.trail.words import client_names
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_OBJECTIONS, TRAIL_READ
from schemas.xcity import Dataset, LegalClass, operation

router = APIRouter(tags=["Residents"])
operators = APIRouter(tags=["Operators"])

TRAIL: Final = Dataset(
    id="access-trail",
    title="Who used the resident's data",
    title_ja="本人のデータの利用記録",
    title_easy="データを 見た 人の 記録",
    description="Each use of personal data through the platform, as the audit log has it.",
    legal_class=LegalClass.PERSONAL,
)


class FoundUse(Wire):
    """One use, in the words of Estonia's data tracker (Andmejälgija)."""

    logtime: str = Field(description="RFC 3339")
    action: str = Field(description="`data.access`, or `data.disclose` in an emergency")
    receiver: str = Field(description="The client's name, and whose it is")
    receiver_code: str = Field(description="`client_id`")
    receiver_system: str = Field(description="The operation that it called")
    dataset: str
    purpose: str
    fields: list[str] = Field(description="What the answer was limited to; empty for all of it")
    outcome: str = Field(description="`done`, `refused`, `failed`, or `unknown`")
    request: str = Field(description="Id of the request")


class FoundUses(Wire):
    total_usages: int
    uses: list[FoundUse] = Field(description="The newest first")
    next: int | None = Field(description="`before` of the next page; null on the last one")


@router.get(
    "/residents/v1/me/accesses",
    operation_id="findMyUsage",
    summary="Who used the resident's data, when and what for",
    openapi_extra=operation(TRAIL_READ, access="personal", dataset=TRAIL.id),
)
async def find_usage(
    control: ControlDep,
    caller: CallerDep,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> FoundUses:
    """The gateway names the resident by the pseudonym of the sector ``audit``."""
    async with control.store.read() as connection:
        found = await uses.events(
            connection, control.audit.envelopes, caller.subject, before=before, most=limit
        )
        total = await uses.total(connection, caller.subject)
        names = await client_names(connection, {one.said["client"] for one in found})
    more = found[-1].number if len(found) == limit else None
    return FoundUses(
        total_usages=total, uses=[_use(one, names[one.said["client"]]) for one in found], next=more
    )


def _use(one: Opened, receiver: str) -> FoundUse:
    said, detail = one.said, one.detail
    at = datetime.fromtimestamp(said["at"] / 1000, UTC).isoformat(timespec="milliseconds")
    return FoundUse(
        logtime=at.replace("+00:00", "Z"),
        action=said["action"],
        receiver=receiver,
        receiver_code=said["client"],
        receiver_system=one.target if said["action"] != DISCLOSE else "",
        dataset=uses.which_of(said, detail).dataset,
        purpose=str(detail.get("purpose", "")),
        fields=list(detail.get("fields", ())),
        outcome=said["outcome"],
        request=str(detail.get("request", "")),
    )


class MadeObjection(Wire):
    """Whose it is, nobody is told; times are seconds since the epoch."""

    id: str
    day: str
    client: str
    dataset: str
    purpose: str
    reason: str
    made: int
    answered: int | None
    answer: str


class Answer(Wire):
    answer: str = Field(min_length=1, max_length=LONGEST, description="As the resident reads it")


@operators.get(
    "/objections",
    operation_id="listObjections",
    summary="What residents objected to, the oldest first",
    openapi_extra=operation(OPERATOR_OBJECTIONS),
)
async def list_objections(
    control: ControlDep,
    dataset: Annotated[str, Query(max_length=80)] = "",
    unanswered: bool = True,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[MadeObjection]:
    async with control.store.read() as connection:
        found = await objections.all_of_them(
            control, connection, dataset=dataset, unanswered=unanswered, limit=limit
        )
    return [_made(one) for one in found]


@operators.post(
    "/objections/{objection}/answer",
    operation_id="answerObjection",
    summary="Answer an objection, for the resident to read",
    status_code=204,
    openapi_extra=operation(OPERATOR_OBJECTIONS),
)
async def answer_objection(
    objection: Annotated[str, Path(max_length=64)],
    answer: Answer,
    control: ControlDep,
    caller: CallerDep,
) -> None:
    if not await objections.answer(control, caller.actor, objection, answer.answer):
        raise NotFound(f"There is no objection {objection!r} without an answer.")


def _made(one: Objection) -> MadeObjection:
    return MadeObjection(
        id=one.id,
        **one.which._asdict(),
        reason=one.reason,
        made=one.made,
        answered=one.answered,
        answer=one.answer,
    )
