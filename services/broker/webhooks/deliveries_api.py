"""What became of messages, and sending them again: ``/events/v1/webhooks/{webhook}/…``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from schemas.problem import Fault, Unavailable, Unprocessable
from schemas.scopes import EVENTS_READ
from schemas.xcity import operation
from services.broker.log import LogUnavailable, Position
from services.broker.parts import Broker, BrokerDep
from services.broker.webhooks.api import Name, seen
from services.broker.webhooks.owner import OwnerDep
from services.broker.webhooks.views import (
    DeliveryList,
    Message,
    Replayed,
    WebhookView,
    delivery_views,
    message_view,
)

router = APIRouter(tags=["webhooks"])

_READ = operation(EVENTS_READ, dataset="city-events")
_AGAIN = operation(EVENTS_READ, dataset="city-events", rate=(60, 60))

MessageId = Annotated[str, Path(pattern=r"^msg_[A-Za-z0-9_-]{10,90}$")]


@router.get(
    "/webhooks/{webhook}/deliveries",
    summary="What became of a webhook's messages",
    openapi_extra=_READ,
)
async def list_webhook_deliveries(
    webhook: Name,
    owner: OwnerDep,
    broker: BrokerDep,
    state: Literal["waiting", "delivered", "failed", "dropped"] | None = None,
    before: Annotated[str, Query(pattern=r"^[0-9]{0,18}$")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryList:
    """Newest first: the tries of each message with status, duration and error, and when the next
    is. Listed for three days after its end; `before` of this answer gives what is older. `failed`:
    no try was taken in three days. `dropped`: you might not see it any more when it was its turn.
    """
    found = await broker.webhooks.book.get(owner, webhook)
    older = int(before) if before else None
    rows = await broker.deliveries.queue.listed(found.endpoint, state, older, limit + 1)
    return delivery_views(rows, limit)


@router.get(
    "/webhooks/{webhook}/deliveries/{message}",
    summary="One message: its tries, and what is in it",
    openapi_extra=_AGAIN,
)
async def get_webhook_message(
    webhook: Name, message: MessageId, owner: OwnerDep, broker: BrokerDep
) -> Message:
    """The event as your receiver gets it, read from the log again. Of an event about a person
    without its `data`. 404 when it is no longer listed.
    """
    try:
        row, event = await broker.webhooks.replay.message(owner, webhook, message)
    except LogUnavailable as error:
        raise _away() from error
    return message_view(row, event)


@router.post(
    "/webhooks/{webhook}/deliveries/{message}/redeliver",
    summary="Send one message again",
    status_code=202,
    response_class=Response,
    openapi_extra=_AGAIN,
)
async def redeliver_message(
    webhook: Name, message: MessageId, owner: OwnerDep, broker: BrokerDep
) -> Response:
    """At once, and under the same `webhook-id`. 404 when it is no longer listed."""
    try:
        await broker.webhooks.replay.redeliver(owner, webhook, message)
    except LogUnavailable as error:
        raise _away() from error
    return Response(status_code=202)


@router.post(
    "/webhooks/{webhook}/replay",
    summary="Send all events again from some point on",
    status_code=202,
    openapi_extra=_AGAIN,
)
async def replay_webhook(
    webhook: Name, body: Replayed, owner: OwnerDep, broker: BrokerDep
) -> WebhookView:
    """From a time, or behind a position (an `id` of the event stream), as far back as the log
    reaches: seven days. Messages that you had come again under the same `webhook-id`.
    """
    try:
        start = await _start(broker, body.start)
        found = await broker.webhooks.replay.rewind(owner, webhook, start)
    except LogUnavailable as error:
        raise _away() from error
    return (await seen(broker, [found]))[0]


async def _start(broker: Broker, wanted: datetime | str) -> Position:
    if isinstance(wanted, datetime):
        topics = [topic.name for topic in broker.webhooks.topics()]
        await broker.prepare(topics)
        return await broker.log.since(topics, wanted.timestamp())
    try:
        return Position.parse(wanted)
    except ValueError as error:
        raise Unprocessable(
            "`from` is neither a time with its offset nor a position of an event stream.",
            faults=[Fault("/from", str(error), "such as 2026-04-01T09:00:00+09:00")],
        ) from error


def _away() -> Unavailable:
    return Unavailable("The log cannot be read at the moment.", headers={"retry-after": "5"})
