"""``/metrics`` of the control plane: how the notices do."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from gateway.control import tables
from gateway.control.state import Control, ControlDep

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(control: ControlDep) -> Response:
    """Taken from the store, and so the same in every process."""
    return Response(await exposition(control), headers={"content-type": CONTENT_TYPE_LATEST})


async def exposition(control: Control) -> bytes:
    registry = CollectorRegistry()
    waiting, oldest, lost = await _stock(control)
    for name, text, value in (
        ("waiting", "Notices of ended consents that no client has acknowledged yet", waiting),
        ("oldest_seconds", "How long the oldest of them has waited", oldest),
        ("given_up", "Notices that were given up without an acknowledgement", lost),
    ):
        gauge = Gauge(f"city_control_consent_notices_{name}", text, registry=registry)
        gauge.set(value)
    return generate_latest(registry)


async def _stock(control: Control) -> tuple[int, float, int]:
    table = tables.notices
    waits = select(func.count(), func.min(table.c.created)).where(table.c.due.is_not(None))
    lost = select(func.count()).where(table.c.due.is_(None), table.c.acknowledged.is_(None))
    async with control.store.read() as connection:
        count, created = (await connection.execute(waits)).one()
        given_up = (await connection.execute(lost)).scalar_one()
    age = max(0.0, control.clock().timestamp() - created) if created is not None else 0.0
    return int(count), age, int(given_up)
