"""Consumer groups over HTTP: ``/events/v1/groups``."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from schemas.cloudevents import BATCH_MEDIA_TYPE
from schemas.kit.caller import CallerDep
from schemas.ngsild import Value
from schemas.problem import Unavailable
from schemas.scopes import EVENTS_READ
from schemas.xcity import operation
from services.broker.consent.groups import own_name
from services.broker.events.groups import MOST_WAIT, Fetched, Start
from services.broker.events.patterns import Wanted
from services.broker.parts import BrokerDep

router = APIRouter(tags=["consumer groups"])

GroupName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$", examples=["evacuation"])]
CURSOR: Final = "event-cursor"
_READ = operation(EVENTS_READ, dataset="city-events", priority="essential", emergency="reserved")
_WAITING_READ = operation(
    EVENTS_READ, dataset="city-events", priority="essential", emergency="reserved", stream=True
)


class FetchRequest(Value):
    """What to fetch."""

    types: tuple[str, ...] = Field(default=(), max_length=50, examples=[["city.disaster.*"]])
    limit: int = Field(default=100, ge=1, le=500)
    wait_seconds: float = Field(default=0.0, ge=0, le=MOST_WAIT)
    consumer: str = Field(
        default="", pattern=r"^[A-Za-z0-9._:-]{0,100}$", examples=["evacuation-1"]
    )
    start: Start = "beginning"


class Cursor(Value):
    """A batch that was fetched."""

    cursor: str = Field(min_length=1, max_length=100)


class Rejection(Cursor):
    """An event that cannot be handled."""

    id: str = Field(min_length=1, max_length=1024)
    reason: str = Field(min_length=1, max_length=1000)


@router.post(
    "/groups/{group}/fetch",
    summary="Fetch events for a consumer group",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {"schema": {"type": "object"}},
                BATCH_MEDIA_TYPE: {"schema": {"type": "array", "items": {"type": "object"}}},
            },
            "headers": {CURSOR: {"schema": {"type": "string"}, "description": "With a batch."}},
        }
    },
    openapi_extra=_WAITING_READ,
)
async def fetch_events(
    group: GroupName, body: FetchRequest, caller: CallerDep, broker: BrokerDep, request: Request
) -> Response:
    """`{"events": […], "cursor": "…"}`: what the group has not committed yet, oldest first.

    Handle the events, then commit the cursor; until then nobody else in your group gets anything,
    for 30 s at most: after that the same events are handed out again. So an event may come twice:
    know it by `source` and `id`. A group is created by its first fetch, belongs to your client,
    and starts with the oldest event kept (or `"start": "now"`). 409 `group-busy`: another
    consumer of the group has a batch.

    With a resident's token the group is that grant's own, and ends with it; events about the
    resident come in it as far as the token's consents cover them.

    With `Accept: application/cloudevents-batch+json` the answer is the batch itself, and the
    cursor is the field `event-cursor`.
    """
    wanted = Wanted.of(body.types, broker.types.names())
    await broker.prepare(wanted.topics)
    standing = await broker.consents.receivers.standing(caller)
    fetching = broker.groups.fetch(
        caller,
        own_name(group, caller),
        wanted,
        standing=standing,
        consumer=body.consumer,
        limit=body.limit,
        wait=body.wait_seconds,
        start=body.start,
    )
    found = await while_connected(request, fetching)
    broker.metrics.fetched.inc(len(found.events))
    events = b",".join(delivery.json for delivery in found.events)
    if BATCH_MEDIA_TYPE in request.headers.get("accept", ""):
        headers = {CURSOR: found.cursor}
        return Response(b"[" + events + b"]", media_type=BATCH_MEDIA_TYPE, headers=headers)
    content = b'{"events":[' + events + b'],"cursor":' + orjson.dumps(found.cursor) + b"}"
    return Response(content, media_type="application/json")


async def while_connected(request: Request, work: Coroutine[Any, Any, Fetched]) -> Fetched:
    """Do the work for as long as its caller waits for it.

    A consumer that has gone must not be handed a batch: the lease would keep the events from the
    next one, and the wait would keep this process from ending.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Unavailable("The caller has gone.")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@router.post(
    "/groups/{group}/commit",
    summary="Say that a batch is handled",
    status_code=204,
    response_class=Response,
    openapi_extra=_READ,
)
async def commit_events(
    group: GroupName, body: Cursor, caller: CallerDep, broker: BrokerDep
) -> Response:
    """409 `lease-lost` when the batch was handed to another consumer in the meantime."""
    await broker.groups.commit(caller, own_name(group, caller), body.cursor)
    return Response(status_code=204)


@router.post(
    "/groups/{group}/reject",
    summary="Put an event aside that cannot be handled",
    status_code=204,
    response_class=Response,
    openapi_extra=_READ,
)
async def reject_event(
    group: GroupName, body: Rejection, caller: CallerDep, broker: BrokerDep
) -> Response:
    """The event goes to the dead letters with your reason. Commit the cursor to go on."""
    standing = await broker.consents.receivers.standing(caller)
    name = own_name(group, caller)
    await broker.groups.reject(caller, name, body.cursor, body.id, body.reason, standing=standing)
    broker.metrics.dead.labels("http").inc()
    return Response(status_code=204)
