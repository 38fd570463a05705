"""``GET /control/v1/clients/{client_id}/usage``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, Field

from gateway.control.oauth import clients
from gateway.control.policy.snapshot import ZONE
from gateway.control.state import Control, ControlDep
from gateway.control.usage.counts import Counts
from gateway.control.usage.periods import Impossible, StepName, period
from gateway.control.usage.summary import Spent, Summary, summarise
from gateway.control.wire import Wire
from schemas.problem import Fault, NotFound, Unprocessable
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

CITY: Final = ZoneInfo(ZONE)
_DEFAULT: Final = timedelta(hours=24)
_OF_FINE_STEPS: Final = {"1m": timedelta(hours=2), "5m": timedelta(hours=8)}


class Numbers(Wire):
    """Requests, how they were answered, and how soon."""

    requests: int
    succeeded: int = Field(description="1xx, 2xx and 3xx")
    client_errors: int = Field(description="4xx, by the API or by the gateway")
    server_errors: int = Field(description="5xx, by the API or by the gateway")
    cut: int = Field(description="The client was gone before the answer began")
    p50_ms: float | None = Field(description="Half were answered within so many ms, to the end")
    p95_ms: float | None = Field(description="95 of 100 were; from a histogram, so about")


class Point(Numbers):
    at: datetime = Field(description="When the step begins")


class OperationUse(Numbers):
    operation: str


class ErrorKind(Wire):
    kind: str = Field(
        description="Why the gateway refused, how the API failed, or `http-<status>` where the API "
        "itself said so"
    )
    count: int


class QuotaUse(Wire):
    limit: int = Field(description="Requests a day")
    used: int = Field(description="Today, as of some seconds ago")
    resets: datetime


class RouteQuotaUse(QuotaUse):
    operation: str


class ClientUsage(Wire):
    """How a client uses the city's APIs: requests with an accepted token, on all gateways."""

    client: str
    step: StepName
    total: Numbers
    points: list[Point]
    operations: list[OperationUse]
    errors: list[ErrorKind]
    quota: QuotaUse | None = Field(description="Of the client over all routes; null without one")
    operation_quotas: list[RouteQuotaUse]


@router.get(
    "/clients/{client_id}/usage",
    operation_id="readClientUsage",
    summary="How a client uses the city's APIs",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def read_client_usage(
    client_id: Annotated[str, Path(max_length=128)],
    control: ControlDep,
    first: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    to: AwareDatetime | None = None,
    step: StepName | None = None,
) -> ClientUsage:
    """Requests, errors and latency from `from` to `to`, in steps that begin by the city's clocks,
    and by operation; and the quotas of today. The last 24 hours unless said otherwise, fewer in
    steps of 1m and 5m.

    Minutes are kept for 48 hours, hours for 90 days.
    """
    until = to or datetime.fromtimestamp(control.now(), UTC)
    back = _OF_FINE_STEPS.get(step or "", _DEFAULT)
    try:
        found = await usage_of(control, client_id, first or until - back, until, step)
    except Impossible as error:
        raise Unprocessable(
            "There is no usage of such a period.", faults=[Fault("?from", str(error))]
        ) from error
    return _as_wire(client_id, found)


async def usage_of(
    control: Control, client_id: str, first: datetime, until: datetime, step: StepName | None
) -> Summary:
    """The usage of a client.

    Raises:
        NotFound: there is no such client.
        Impossible: there can be none of such a period.
    """
    now = control.now()
    asked = period(first, until, step, CITY, now)
    routes = control.publisher.current.snapshot["routes"]
    quotas = {route["id"]: route["quota"] for route in routes if "quota" in route}
    async with control.store.read() as connection:
        client = await clients.find(connection, client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.")
        return await summarise(connection, client, asked, zone=CITY, now=now, route_quotas=quotas)


def _as_wire(client: str, found: Summary) -> ClientUsage:
    times = [datetime.fromtimestamp(at, CITY) for at in found.period.starts]
    return ClientUsage(
        client=client,
        step=found.period.step,
        total=Numbers(**_numbers(found.total)),
        points=[
            Point(at=at, **_numbers(counts)) for at, counts in zip(times, found.points, strict=True)
        ],
        operations=[
            OperationUse(operation=name, **_numbers(counts))
            for name, counts in found.operations.items()
        ],
        errors=[ErrorKind(kind=kind, count=count) for kind, count in found.errors],
        quota=QuotaUse(**_quota(found.quota)) if found.quota else None,
        operation_quotas=[
            RouteQuotaUse(operation=name, **_quota(spent))
            for name, spent in found.route_quotas.items()
        ],
    )


def _numbers(counts: Counts) -> dict[str, float | None]:
    return {
        "requests": counts.requests,
        "succeeded": counts.status(1) + counts.status(2) + counts.status(3),
        "client_errors": counts.status(4),
        "server_errors": counts.status(5),
        "cut": counts.status(0),
        "p50_ms": milliseconds(counts, 0.5),
        "p95_ms": milliseconds(counts, 0.95),
    }


def milliseconds(counts: Counts, part: float) -> float | None:
    """:meth:`Counts.quantile` in milliseconds, to a tenth."""
    found = counts.quantile(part)
    return None if found is None else round(found * 1_000, 1)


def _quota(spent: Spent) -> dict[str, int | datetime]:
    resets = datetime.fromtimestamp(spent.resets, CITY)
    return {"limit": spent.limit, "used": spent.used, "resets": resets}
