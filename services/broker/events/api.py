"""Publishing events, and streaming them: ``/events/v1``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from schemas.cloudevents import BATCH_MEDIA_TYPE, MEDIA_TYPE
from schemas.kit.caller import CallerDep
from schemas.problem import Fault, Unavailable, Unprocessable
from schemas.scopes import EVENTS_PUBLISH, EVENTS_READ
from schemas.xcity import operation, raw_body
from services.broker.delivery.loops import is_back
from services.broker.events.binding import Delivery
from services.broker.events.fanout import Stream
from services.broker.events.patterns import Wanted
from services.broker.events.requests import read_events
from services.broker.events.stream import EventStream, StreamResponse
from services.broker.log import Position
from services.broker.parts import Broker, BrokerDep
from services.broker.registry.publishing import check_publisher

router = APIRouter(tags=["events"])

_MOST_STREAMS: Final = 2000
_FOLLOW_SECONDS: Final = 5.0


class Receipt(BaseModel):
    """What became of a publication."""

    accepted: int
    """Events now stored, on their way to every subscriber."""
    duplicates: int
    """Events that this client had published before (same ``source`` and ``id``), or that left this
    broker and came back by way of another; not repeated."""


@router.post(
    "/events",
    summary="Publish events",
    status_code=202,
    response_model=Receipt,
    openapi_extra=operation(
        EVENTS_PUBLISH,
        dataset="city-events",
        priority="essential",
        emergency="reserved",
        request_body=raw_body(
            MEDIA_TYPE,
            BATCH_MEDIA_TYPE,
            description="One CloudEvent, or a batch of up to 500; at most 1 MiB.",
        ),
    ),
)
async def publish_events(request: Request, caller: CallerDep, broker: BrokerDep) -> Receipt:
    """Publish one CloudEvent or a batch: all of them are stored, or none.

    202 means that they are on disk and will reach the log whatever fails in between. Sending the
    same `source` and `id` again within seven days changes nothing, so repeat freely after a
    timeout. In binary mode (`ce-…` header fields) the body is the data.
    """
    sent = await read_events(request, broker.types)
    # what comes back from another broker was said here before
    own = broker.webhooks.broker
    events = [event for event in sent if not is_back(event.model_extra or {}, own)]
    if not events:
        return Receipt(accepted=0, duplicates=len(sent))
    check_publisher(caller, events, broker.types)
    result = await broker.inlet.accept(caller.client, events)
    for event in events:
        broker.metrics.accepted.labels(event.type).inc()
    broker.metrics.duplicates.inc(result.duplicates)
    returned = len(sent) - len(events)
    return Receipt(accepted=result.accepted, duplicates=result.duplicates + returned)


@router.get(
    "/stream",
    summary="Follow events as they happen",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    openapi_extra=operation(EVENTS_READ, dataset="city-events", priority="essential", stream=True),
)
async def stream_events(
    caller: CallerDep,
    broker: BrokerDep,
    types: Annotated[str, Query(max_length=4000, examples=["city.disaster.*"])] = "",
    last_event_id: Annotated[str, Header(max_length=16_000)] = "",
) -> StreamingResponse:
    """Server-Sent Events: `data` is the CloudEvent in JSON, `event` its type.

    `types` are names or patterns, separated by commas; all without it. Give the last `id` that
    you have as `Last-Event-ID` and the stream goes on behind it; nothing in between is missed,
    and what was on its way when you left may come twice: know an event by `source` and `id`.
    A reader that is too slow is cut, and resumes the same way; so does one whose token has ended,
    with a new token, and one whose consent has ended, at once.

    With a resident's token, events about that resident come too, as far as its consents cover
    them: by the types' data sets, and with the fields that were agreed to.
    """
    parts = [part.strip() for part in types.split(",") if part.strip()]
    wanted = Wanted.of(parts, broker.types.names())
    after = _parse_id(last_event_id) if last_event_id else None
    standing = await broker.consents.receivers.standing(caller)
    await _following(broker)
    await broker.prepare(wanted.topics)

    gate = broker.consents.gate

    def view(delivery: Delivery) -> Delivery | None:
        if standing.grant and gate.ended.is_silent:
            live.end("which consents still hold is not known at the moment")
        # a reader whose stream has ended comes back with its last id: nothing is lost
        if not wanted.include(delivery.type) or live.ended:
            return None
        return gate.handed(caller, standing, delivery)

    live = Stream(view, client=caller.client, standing=standing, include=wanted.include)
    stream = EventStream(broker.log, broker.fanout, wanted.topics, live, until=caller.expires)
    return StreamResponse(stream.frames(after))


def _parse_id(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as error:
        raise Unprocessable(
            "Last-Event-ID is none that this stream has given; leave it out to start now.",
            faults=[Fault("header last-event-id", str(error))],
        ) from error


async def _following(broker: Broker) -> None:
    if broker.fanout.open_streams >= _MOST_STREAMS:
        raise Unavailable("Too many streams are open.", headers={"retry-after": "10"})
    try:
        async with asyncio.timeout(_FOLLOW_SECONDS):
            await broker.fanout.following.wait()
    except TimeoutError as error:
        raise Unavailable(
            "The log cannot be read at the moment.", headers={"retry-after": "5"}
        ) from error
