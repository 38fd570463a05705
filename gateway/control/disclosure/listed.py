"""Disclosures as those see them who answer for them: which, why, by whom; never about whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.control.disclosure import records
from gateway.control.disclosure.records import Disclosure
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.scopes import OPERATOR_EMERGENCY
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class ListedDisclosure(Wire):
    """One, without the resident."""

    id: str
    client: str = Field(description="Who read")
    emergency: str = Field(description="Id of the emergency that it was made in")
    datasets: list[str]
    reason: str
    made: datetime
    until: datetime = Field(description="When it ended, or will end by itself")
    open: bool


class Disclosures(Wire):
    ever: int = Field(description="How many there have been")
    open: int = Field(description="How many are open now")
    disclosures: list[ListedDisclosure] = Field(description="The newest first")


@router.get(
    "/emergency/disclosures",
    operation_id="listDisclosures",
    summary="The disclosures without consent, counted; about whom they were is not told",
    openapi_extra=operation(OPERATOR_EMERGENCY, priority="life-safety", emergency="reserved"),
)
async def list_disclosures(
    control: ControlDep, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Disclosures:
    now = control.now()
    async with control.store.read() as connection:
        ever, still = await records.count(connection, now)
        found = await records.newest(connection, limit)
    return Disclosures(ever=ever, open=still, disclosures=[_listed(one, now) for one in found])


def _listed(one: Disclosure, now: int) -> ListedDisclosure:
    end = one.until if one.ended is None else one.ended
    return ListedDisclosure(
        id=one.gid,
        client=one.client_id,
        emergency=one.emergency,
        datasets=list(one.datasets),
        reason=one.reason,
        made=datetime.fromtimestamp(one.created, UTC),
        until=datetime.fromtimestamp(end, UTC),
        open=one.ended is None and one.until > now,
    )
