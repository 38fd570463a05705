"""Dead letters: events that a consumer could not handle, kept with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from schemas.kit.outbox import Message
from schemas.ngsild import timestamp
from services.broker.events.binding import Delivery
from services.broker.log import Stored

TOPIC: Final = "city.dead-letters"
_MOST_REASON: Final = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them.

    Attributes:
        id: the same for the same event and group, however often it was given up.
        group: who could not handle it, as it is called on the log.
        event: the CloudEvent, in JSON.
        webhook: of what a webhook never took, what its message was; empty for a group's.
    """

    id: str
    group: str
    type: str
    legal_class: str
    reason: str
    attempts: int
    time: str
    event: Any
    webhook: Mapping[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str:
        """Whose group or webhook it is; empty for the broker's own."""
        return self.group.removeprefix("city.").rpartition(".")[0]

    @property
    def name(self) -> str:
        """Of the group, or the webhook's id."""
        return self.group.rpartition(".")[2]

    def as_json(self, *, whole: bool = True) -> dict[str, Any]:
        """What the API says of it.

        Args:
            whole: with the event and the reason, either of which may be about a person.
        """
        found = {
            "id": self.id,
            "client": self.client,
            "group": self.name,
            "kind": "webhook" if self.webhook else "group",
            "type": self.type,
            "attempts": self.attempts,
            "time": self.time,
        }
        return {**found, "reason": self.reason, "event": self.event} if whole else found


def group_name(client: str, name: str) -> str:
    """What a client's group, or webhook, is called on the log."""
    return f"city.{client}.{name}"


def dead_letter(
    delivery: Delivery,
    *,
    group: str,
    reason: str,
    attempts: int,
    now: float,
    webhook: Mapping[str, str] = MappingProxyType({}),
) -> Message:
    """What goes to the dead-letter topic.

    Args:
        attempts: how often it was tried.
        now: seconds since the epoch.
        webhook: what is needed to send it again, of what a webhook never took.
    """
    identity = uuid5(NAMESPACE_URL, "|".join((group, delivery.source, delivery.id)))
    headers = [
        ("id", str(identity)),
        ("group", group),
        ("type", delivery.type),
        ("legalclass", delivery.legal_class),
        ("reason", reason[:_MOST_REASON]),
        ("attempts", str(attempts)),
        ("time", timestamp(datetime.fromtimestamp(now, UTC))),
        ("content-type", "application/cloudevents+json"),
    ]
    if webhook:
        headers.append(("webhook", orjson.dumps(dict(webhook)).decode()))
    return Message(TOPIC, group, delivery.json, orjson.dumps(headers).decode())


def parse_dead_letter(stored: Stored) -> DeadLetter | None:
    """The dead letter in a record; None when there is none in it."""
    found = dict(stored.record.headers)
    try:
        return DeadLetter(
            id=found["id"],
            group=found["group"],
            type=found["type"],
            legal_class=found["legalclass"],
            reason=found["reason"],
            attempts=int(found["attempts"]),
            time=found["time"],
            event=orjson.loads(stored.record.value),
            webhook=orjson.loads(found.get("webhook", "{}")),
        )
    except (KeyError, ValueError):
        return None
