"""Webhooks as the API says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy import Row

from schemas.ngsild import Value
from services.broker.delivery import EndpointStatus
from services.broker.webhooks.verify import Method
from services.broker.webhooks.webhook import Webhook

Patterns = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...],
    Field(max_length=50, examples=[["city.disaster.*"]]),
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Description = Annotated[str, StringConstraints(max_length=500)]


class NewWebhook(Value):
    """What to subscribe to, and where to send it."""

    url: Url = Field(examples=["https://example.com/city-events"])
    types: Patterns = ()
    description: Description = ""
    ordered: bool = False


class WebhookChange(Value):
    """What to change; what is left out stays."""

    url: Url | None = None
    types: Patterns | None = None
    description: Description | None = None
    ordered: bool | None = None


class Verification(Value):
    """How to ask the receiver."""

    method: Method = "challenge"


class Rotation(Value):
    """A new secret, and how long the old one signs too."""

    overlap_seconds: int = Field(default=86_400, ge=0, le=7 * 86_400)


class Replayed(Value):
    """From where on to send again: a time, or a position as event streams give it as `id`."""

    start: AwareDatetime | Annotated[str, StringConstraints(max_length=16_000)] = Field(
        alias="from", union_mode="left_to_right", examples=["2026-04-01T09:00:00+09:00"]
    )


class WebhookView(Value):
    """A webhook, and how it does.

    Attributes:
        state: `pending` until its URL is verified; `disabled` by its owner; `suspended` when the
            receiver said 410 or has failed for days: `enable` it when it is well again.
        failures: tries that failed in a row; what is due then waits until `pausedUntil`.
        waiting: messages that wait here to be sent; what comes after them waits on the log.
    """

    id: str
    url: str
    types: tuple[str, ...]
    description: str
    ordered: bool
    state: Literal["pending", "active", "disabled", "suspended"]
    reason: str = ""
    created: datetime
    verified: datetime | None = None
    waiting: int = 0
    sent: int = 0
    failed: int = 0
    failures: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_error: str = ""
    paused_until: datetime | None = None


class CreatedWebhook(WebhookView):
    """A webhook with its signing secret, which is told this once."""

    secret: str


class WebhookList(Value):
    webhooks: list[WebhookView]


class AttemptView(Value):
    """One try: the answer's status (0: none), how long it took, and what was wrong."""

    at: datetime
    status: int
    ms: int
    error: str = ""


class DeliveryView(Value):
    """A message and its tries; what was in it is not told here."""

    message_id: str
    type: str
    state: Literal["waiting", "delivered", "failed", "dropped"]
    tries: int
    created: datetime
    next_try: datetime | None = None
    attempts: list[AttemptView]


class Message(DeliveryView):
    """A message, its tries, and what is in it.

    Attributes:
        event: the CloudEvent as it was sent; null when the log has it no longer, or when it is not
            for you any more. Of an event about a person its `data` is not shown again
            (`withheld`): that went to your receiver alone.
    """

    event: dict[str, Any] | None
    withheld: bool = False


class DeliveryList(Value):
    deliveries: list[DeliveryView]
    before: str = ""


def view(webhook: Webhook, status: EndpointStatus, waiting: int, now: float) -> WebhookView:
    """A webhook as its owner sees it."""
    return WebhookView(**_fields(webhook, status, waiting, now))


def created_view(webhook: Webhook, secret: str) -> CreatedWebhook:
    return CreatedWebhook(**_fields(webhook, EndpointStatus(), 0, 0.0), secret=secret)


def _fields(webhook: Webhook, status: EndpointStatus, waiting: int, now: float) -> dict[str, Any]:
    suspended = webhook.state == "active" and bool(status.disabled)
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": webhook.types,
        "description": webhook.description,
        "ordered": webhook.ordered,
        "state": "suspended" if suspended else webhook.state,
        "reason": status.disabled,
        "created": _time(webhook.created),
        "verified": _time(webhook.verified),
        "waiting": waiting,
        "sent": status.sent,
        "failed": status.failed,
        "failures": status.failures,
        "last_success": _time(status.last_success),
        "last_failure": _time(status.last_failure),
        "last_error": status.last_error,
        "paused_until": _time(status.open_until) if status.open_until > now else None,
    }


def delivery_views(rows: Sequence[Row[Any]], limit: int) -> DeliveryList:
    """Rows of ``deliveries``, newest first; one more than ``limit`` says that there are more."""
    found = [_delivery(row) for row in rows[:limit]]
    return DeliveryList(
        deliveries=found, before=str(rows[limit - 1].id) if len(rows) > limit else ""
    )


def message_view(row: Row[Any], event: bytes | None) -> Message:
    """A row of ``deliveries`` with its CloudEvent."""
    is_personal = bool(orjson.loads(row.about).get("class"))
    return Message(
        **_delivery_fields(row),
        event=orjson.loads(event) if event else None,
        withheld=event is not None and is_personal,
    )


def _delivery(row: Row[Any]) -> DeliveryView:
    return DeliveryView(**_delivery_fields(row))


def _delivery_fields(row: Row[Any]) -> dict[str, Any]:
    attempts = [{**attempt, "at": _time(attempt["at"])} for attempt in orjson.loads(row.attempts)]
    return {
        "message_id": row.message,
        "type": orjson.loads(row.about).get("type", ""),
        "state": row.state,
        "tries": row.tries,
        "created": _time(row.created),
        "next_try": _time(row.due),
        "attempts": [AttemptView(**attempt) for attempt in attempts],
    }


def _time(seconds: float | None) -> Any:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
