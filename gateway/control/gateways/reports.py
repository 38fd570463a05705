"""``POST /internal/workers``: a worker tells of itself, and hears whether it is to drain."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.control.gateways import workers
from gateway.control.state import ControlDep
from schemas.workers import WORKERS, WorkerOrder, WorkerReport

router = APIRouter(include_in_schema=False)

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ReportIn(BaseModel):
    """:class:`schemas.workers.WorkerReport`."""

    worker: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    gateway: str = Field(min_length=1, max_length=128)
    address: str = Field(max_length=128)
    number: Count
    revision: str = Field(max_length=64)
    started: float
    under_way: Count
    connections: Count
    draining: bool
    gone: bool


@router.post(WORKERS, response_model=None)
async def take_report(report: ReportIn, control: ControlDep) -> WorkerOrder:
    told = cast(WorkerReport, report.model_dump())
    now = control.clock().timestamp()
    async with control.store.write() as connection:
        to_leave = await workers.tell(control.store, connection, told, now)
    return WorkerOrder(drain=to_leave)
