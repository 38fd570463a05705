"""How many consents there are, and in which state; never whose."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import case, func, select

from gateway.control import tables
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class ConsentCount(Wire):
    """Consents to one client, of one data set, for one purpose."""

    client: str
    dataset: str
    purpose: str
    given: int = Field(description="In force now")
    withdrawn: int
    expired: int


@router.get(
    "/consents",
    operation_id="countConsents",
    summary="Consents counted by client, data set and purpose",
    description="What is still kept: those that ended long ago are forgotten.",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def count_consents(control: ControlDep) -> list[ConsentCount]:
    table, now = tables.consents, control.now()
    by = (table.c.client_id, table.c.dataset, table.c.purpose)
    withdrawn = table.c.withdrawn.is_not(None)
    expired = table.c.withdrawn.is_(None) & (table.c.until <= now)
    query = (
        select(
            *by, func.count(), *(func.sum(case((one, 1), else_=0)) for one in (withdrawn, expired))
        )
        .group_by(*by)
        .order_by(*by)
    )
    async with control.store.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        ConsentCount(
            client=client,
            dataset=dataset,
            purpose=purpose,
            given=total - ended - over,
            withdrawn=ended,
            expired=over,
        )
        for client, dataset, purpose, total, ended, over in rows
    ]
