"""``POST /internal/usage``: what gateway workers have counted, each report once."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.state import Control, ControlDep
from gateway.control.tables import usage_workers
from gateway.control.usage import kept
from gateway.control.usage.counts import Counts, grouped
from schemas.usage import LATENCY_BOUNDS, MOST_USES, USAGE_PATH

router = APIRouter(include_in_schema=False)

_AHEAD: Final = 3_600
"""Seconds by which a worker's clock may be ahead; what is further off is counted now."""

Name = Annotated[str, Field(max_length=128)]
RouteName = Annotated[str, Field(max_length=256)]
Count = Annotated[int, Field(ge=0, le=2**48)]


class UseIn(BaseModel):
    """See :class:`schemas.usage.Use`."""

    client: Name
    route: RouteName
    statuses: Annotated[list[Count], Field(max_length=6)]
    latency: Annotated[list[Count], Field(max_length=len(LATENCY_BOUNDS) + 1)]
    errors: Annotated[dict[Name, Count], Field(max_length=100)] = {}
    spent: Count = 0
    spent_on_route: Count = 0

    def counts(self) -> Counts:
        return Counts(self.statuses, self.latency, self.errors, self.spent, self.spent_on_route)


class UsageReportIn(BaseModel):
    """See :class:`schemas.usage.UsageReport`."""

    worker: Annotated[str, Field(pattern=r"^[a-z0-9]{16,64}$")]
    sequence: Annotated[int, Field(ge=1)]
    minute: Annotated[int, Field(ge=0)]
    uses: Annotated[list[UseIn], Field(max_length=MOST_USES)]


@router.post(USAGE_PATH, status_code=204, response_class=Response)
async def take_usage(report: UsageReportIn, control: ControlDep) -> Response:
    """Add a report to what is kept, unless it was added before."""
    now = control.now()
    minute = report.minute // 60 * 60
    if not now - kept.KEPT[kept.HOUR] < minute < now + _AHEAD:
        minute = now // 60 * 60
    async with control.store.write() as connection:
        if await _is_new(control, connection, report):
            uses = grouped(((use.client, use.route), use.counts()) for use in report.uses)
            await kept.add(connection, minute, uses)
            row = {"worker": report.worker, "sequence": report.sequence, "seen": now}
            await connection.execute(control.store.upsert(usage_workers, **row))
    return Response(status_code=204)


async def _is_new(control: Control, connection: AsyncConnection, report: UsageReportIn) -> bool:
    """Whether nothing of it was added; others that add wait until the commit."""
    await control.store.serialise(connection, "usage")
    of_worker = usage_workers.c.worker == report.worker
    last = await connection.scalar(select(usage_workers.c.sequence).where(of_worker))
    return report.sequence > int(last or 0)
