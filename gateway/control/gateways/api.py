"""Gateways and their workers, ``/control/v1/gateways``: look at them, have one drain."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from gateway.control.gateways import workers
from gateway.control.gateways.workers import Worker
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_GATEWAYS
from schemas.workers import EVERY
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

WorkerId = Annotated[str, Path(max_length=64)]
_OPERATION = operation(OPERATOR_GATEWAYS)


class WorkerState(Wire):
    """One worker process, as it last told of itself."""

    worker: str = Field(description="Of this one process; its successor has another")
    number: int = Field(description="Its place among the gateway's workers")
    address: str = Field(description="host:port that it listens on")
    revision: str = Field(description="Of the policy that it has in force")
    current: bool = Field(description="That is the newest policy")
    uptime: int = Field(description="Seconds")
    under_way: int = Field(description="Requests begun and not ended")
    connections: int
    seen: int = Field(description="Seconds since it told of itself")
    draining: bool = Field(description="It accepts nobody any more, and ends what is under way")
    drain_asked: bool = Field(description="It has been told to drain, or will be in a moment")


class GatewayState(Wire):
    """A gateway: all workers of one machine and port."""

    gateway: str = Field(description="Host name and port")
    workers: list[WorkerState]


@router.get(
    "/gateways",
    operation_id="listGateways",
    summary="The gateways and their workers, as they tell of themselves",
    openapi_extra=_OPERATION,
)
async def list_gateways(control: ControlDep) -> list[GatewayState]:
    now, newest = control.clock().timestamp(), control.publisher.current.revision
    async with control.store.read() as connection:
        found = await workers.find_all(connection, now)
    return [
        GatewayState(gateway=name, workers=[_state(one, now, newest) for one in some])
        for name, some in groupby(found, lambda one: one.gateway)
    ]


@router.post(
    "/gateways/{worker}/drain",
    operation_id="drainWorker",
    status_code=202,
    summary="Have a worker replaced: its successor is ready before it stops to accept",
    description=f"The worker hears of it within {EVERY:.0f} seconds, when it next tells of itself. "
    "What is under way is finished; no connection is refused.",
    openapi_extra=_OPERATION,
)
async def drain_worker(worker: WorkerId, control: ControlDep, caller: CallerDep) -> WorkerState:
    now = control.clock().timestamp()
    async with control.store.write() as connection:
        found = await workers.drain(connection, worker, now)
        if found is None:
            raise NotFound(
                f"There is no worker {worker!r}: it may have been replaced already. "
                "GET /control/v1/gateways lists those that there are."
            )
        at = {"gateway": found.gateway, "number": found.number}
        await control.record(connection, caller.actor, "worker.drain", worker, **at)
    return _state(found, now, control.publisher.current.revision)


def _state(one: Worker, now: float, newest: str) -> WorkerState:
    return WorkerState(
        worker=one.worker,
        number=one.number,
        address=one.address,
        revision=one.revision,
        current=one.revision == newest,
        uptime=max(0, int(now - one.started)),
        under_way=one.under_way,
        connections=one.connections,
        seen=max(0, int(now - one.seen)),
        draining=one.draining,
        drain_asked=one.drain,
    )
