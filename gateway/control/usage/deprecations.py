"""``GET /control/v1/deprecations``: what is announced to go, and who still calls it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fastapi import APIRouter
from pydantic import Field

from gateway.control.catalogue.deprecations import announced
from gateway.control.state import Control, ControlDep
from gateway.control.usage import kept
from gateway.control.usage.api import CITY
from gateway.control.wire import Wire
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

LATELY: Final = 30 * 86_400
"""Seconds within which somebody called lately."""


class LateCaller(Wire):
    client: str
    requests: int


class DeprecatedOperation(Wire):
    """An operation that should not be used any more."""

    operation: str
    method: str
    path: str
    title: str
    deprecated: datetime | None = Field(description="Since when; null without a date")
    sunset: datetime | None = Field(description="When it stops to answer; null if not decided")
    callers: list[LateCaller] = Field(
        description="Clients that called it within 30 days, those with most requests first"
    )


@router.get(
    "/deprecations",
    operation_id="listDeprecations",
    summary="Operations that are announced to go, and who still calls them",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def list_deprecations(control: ControlDep) -> list[DeprecatedOperation]:
    """Those that go first first. Calls on open routes have no client, and are not seen here."""
    return await deprecations(control)


async def deprecations(control: Control) -> list[DeprecatedOperation]:
    found = announced(control.publisher.current.apis)
    if not found:
        return []
    since = (control.now() - LATELY) // kept.HOUR * kept.HOUR
    async with control.store.read() as connection:
        callers = await kept.callers(connection, [one.operation for one in found], since)
    return [
        DeprecatedOperation(
            operation=one.operation,
            method=one.method,
            path=one.path,
            title=one.title,
            deprecated=datetime.fromtimestamp(one.since, CITY) if one.since else None,
            sunset=datetime.fromtimestamp(one.sunset, CITY) if one.sunset else None,
            callers=[
                LateCaller(client=client, requests=requests)
                for client, requests in _most_first(callers.get(one.operation, {}))
            ],
        )
        for one in found
    ]


def _most_first(requests: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(requests.items(), key=lambda each: (-each[1], each[0]))
