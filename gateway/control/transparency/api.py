"""``GET /transparency/v1/uses``: open data about the use of personal data."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit import uses
from gateway.control.policy.snapshot import ZONE
from gateway.control.state import ControlDep
from gateway.control.trail.words import client_names
from gateway.control.transparency.suppression import LEAST, Group, of_a_day, of_a_month
from gateway.control.wire import Wire
from schemas.kit.cached import cached
from schemas.problem import BadRequest, Fault
from schemas.purposes import VITAL
from schemas.xcity import operation

router = APIRouter(prefix="/transparency/v1", tags=["Transparency"])

SETTLED: Final = timedelta(hours=1)
"""After the end of a day or a month: by then all gateways have told what they did in it."""


class UseCount(Wire):
    client: str
    client_name: str
    dataset: str
    purpose: str
    count: int = Field(description=f"At least {LEAST}")


class Uses(Wire):
    period: str = Field(description="A month, `2026-11`, or a day, `2026-11-24`, of the city")
    least: int = Field(description="Groups smaller than this are withheld")
    total: int = Field(description="Of the groups that are told")
    uses: list[UseCount]
    emergency_disclosures: int | None = Field(
        description="Disclosures to protect life in the month, small numbers too; null for a day"
    )


@router.get(
    "/uses",
    operation_id="listUses",
    summary="How often personal data was used, by whom and what for",
    description="Counts of uses by client, data set and purpose, over a whole month or day of the "
    "city that is over. Small groups are withheld, so that nobody can be recognised.",
    response_model=Uses,
    openapi_extra=operation(access="open", cache=True),
)
async def list_uses(
    control: ControlDep,
    period: Annotated[str, Query(pattern=r"^\d{4}-\d{2}(-\d{2})?$")],
) -> Response:
    first, last = _days(period)
    over = datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(ZONE)) + timedelta(days=1)
    if control.clock() < over + SETTLED:
        what = "It is told an hour after it is over."
        raise BadRequest("This period cannot be told yet.", faults=[Fault("query period", what)])
    async with control.store.read() as connection:
        counts = await uses.between(connection, first.isoformat(), last.isoformat())
        counts = {use: count for use, count in counts.items() if use.dataset}
        told = of_a_day(counts) if first == last else of_a_month(counts)
        names = await client_names(connection, {group.client for group in told})
        disclosed = None if first == last else await _disclosed(connection, period)
    body = Uses(
        period=period,
        least=LEAST,
        total=sum(told.values()),
        uses=[_count(group, count, names) for group, count in sorted(told.items())],
        emergency_disclosures=disclosed,
    )
    content = body.model_dump_json(by_alias=True)
    return cached(Response(content, media_type="application/json"), seconds=60, on_error=86_400)


async def _disclosed(connection: AsyncConnection, month: str) -> int:
    table = tables.audit_uses
    here = table.c.day.startswith(f"{month}-") & (table.c.dataset == "")
    here &= table.c.purpose == VITAL
    return int(await connection.scalar(select(func.sum(table.c["count"])).where(here)) or 0)


def _count(group: Group, count: int, names: dict[str, str]) -> UseCount:
    return UseCount(**group._asdict(), client_name=names[group.client], count=count)


def _days(period: str) -> tuple[date, date]:
    try:
        if len(period) == 10:
            day = date.fromisoformat(period)
            return day, day
        first = date.fromisoformat(f"{period}-01")
        return first, first.replace(day=monthrange(first.year, first.month)[1])
    except ValueError as error:
        fault = Fault("query period", "A month is 2026-11, a day 2026-11-24.")
        raise BadRequest("There is no such period.", faults=[fault]) from error
