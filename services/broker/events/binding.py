"""CloudEvents on the log, in the binary mode of the Kafka protocol binding (§3.2).

The attributes are headers ``ce_<name>``, the data is the value, the key is the subject: whoever
reads the topics with a Kafka client sees ordinary CloudEvents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas.cloudevents import CloudEvent
from schemas.kit.outbox import Message
from services.broker.log import Position, Record, Stored

LEGAL_CLASS: Final = "legalclass"
"""Extension attribute set by the broker alone: the legal class of data that is about persons."""

CLIENT: Final = "cityclient"
"""Extension attribute set by the broker alone: the client that published the event."""

REPLAY: Final = "replayfor"
"""Extension attribute set by the broker alone: the one group that an event comes to again."""

MOST_HEADERS: Final = 4000
"""Characters of all attributes together, as the outbox keeps them."""


def as_message(event: CloudEvent, channel: str = "") -> Message:
    """The event as the outbox keeps it, for its topic or for ``channel``.

    Raises:
        ValueError: its attributes are longer than 4,000 characters together.
    """
    attributes = event.as_json()
    body = orjson.dumps(attributes.pop("data"))
    media = attributes.pop("datacontenttype")
    pairs = [(f"ce_{name}", _text(value)) for name, value in attributes.items()]
    headers = orjson.dumps([*pairs, ("content-type", media)]).decode()
    if len(headers) > MOST_HEADERS:
        raise ValueError(f"the attributes are longer than {MOST_HEADERS} characters together")
    return Message(channel or event.topic, event.subject, body, headers)


def _text(value: Any) -> str:
    # CloudEvents §3.1: the canonical string form of a Boolean is lower case
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_record(message: Message) -> Record:
    headers = tuple((name, value) for name, value in orjson.loads(message.headers))
    return Record(message.channel, message.key, message.body, headers)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as it is handed on.

    Attributes:
        json: the event in the JSON format.
        slot, offset: its place on the log.
        position: behind it; where a reader who has it goes on.
        replay_for: the one group that it is for; empty for everybody's.
        subject: what or whom it is about; a resident by the pseudonym of the type's domain.
    """

    id: str
    source: str
    type: str
    legal_class: str
    json: bytes
    slot: str
    offset: int
    position: Position
    replay_for: str = ""
    subject: str = ""


def as_delivery(stored: Stored, position: Position) -> Delivery | None:
    """The CloudEvent in a record read from the log; None when the record holds none."""
    headers = stored.record.headers
    attributes = {name[3:]: value for name, value in headers if name.startswith("ce_")}
    if not {"id", "source", "type", "specversion"} <= attributes.keys():
        return None
    data = _one_line(stored.record.value)
    if data is None:
        return None
    attributes["datacontenttype"] = dict(headers).get("content-type", "application/json")
    return Delivery(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        legal_class=attributes.get(LEGAL_CLASS, ""),
        json=orjson.dumps(attributes)[:-1] + b',"data":' + data + b"}",
        slot=stored.slot,
        offset=stored.offset,
        position=position,
        replay_for=attributes.get(REPLAY, ""),
        subject=attributes.get("subject", ""),
    )


def _one_line(value: bytes) -> bytes | None:
    """JSON without line breaks; what others wrote to the topic may have them, or be no JSON."""
    if value[:1] == b"{" and b"\n" not in value and b"\r" not in value:
        return value
    try:
        return orjson.dumps(orjson.loads(value))
    except orjson.JSONDecodeError:
        return None
