"""The AsyncAPI 3.0 document of the log: its topics, what is on them, and who may say or hear it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.context import ENTITY_CHANGED
from schemas.scopes import EVENTS_PERSONAL, EVENTS_PUBLISH, EVENTS_PUBLISH_CITY, EVENTS_READ
from services.broker.events.visibility import label
from services.broker.log import Topic
from services.broker.registry.known import CITY, KnownType

_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_KAFKA: Final = "0.5.0"  # version of the Kafka bindings
_DESCRIPTION: Final = (
    "What happens in the city, as CloudEvents 1.0. Over HTTP: publish with `POST"
    " /events/v1/events`, follow with `GET /events/v1/stream`, or pull as a consumer group with"
    " `POST /events/v1/groups/{group}/fetch`. On Kafka, for those who run beside it: the binary"
    " mode of the protocol binding, the attributes as headers `ce_…`, keyed by subject."
)


def document(types: Sequence[KnownType], topics: Iterable[Topic]) -> dict[str, Any]:
    """The whole of it (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""
    on_topic = {topic.name: [one for one in types if one.topic == topic.name] for topic in topics}
    channels = {topic.name: _channel(topic, on_topic[topic.name]) for topic in topics}
    operations: dict[str, Any] = {}
    for name, found in on_topic.items():
        operations[f"hear.{name}"] = _operation("send", name, found, _hearing(found))
        said = [one for one in found if one.name != ENTITY_CHANGED]
        if said:
            operations[f"say.{name}"] = _operation("receive", name, said, _saying(said))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "City events", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messageTraits": {"cloudevent": {"headers": _headers()}},
            "securitySchemes": {
                "cityToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _channel(topic: Topic, types: Sequence[KnownType]) -> dict[str, Any]:
    kept = topic.retention_seconds * 1000 if topic.retention_seconds else -1
    configuration = {
        "cleanup.policy": ["compact" if topic.compacted else "delete"],
        "retention.ms": kept,
    }
    return {
        "address": topic.name,
        "messages": {one.name: _message(one) for one in types},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": configuration,
                "bindingVersion": _KAFKA,
            }
        },
    }


def _message(known: KnownType) -> dict[str, Any]:
    reference = {"$ref": known.dataschema(known.newest)}
    key = {"type": "string", "description": "The event's subject."}
    return {
        "name": known.name,
        "summary": known.description,
        "contentType": "application/json",
        "payload": {"schemaFormat": _FORMAT, "schema": reference},
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA}},
        "tags": [{"name": known.legal_class.value}],
    }


def _headers() -> dict[str, Any]:
    names = ("id", "source", "type", "subject", "time", "dataschema", "cityclient", "legalclass")
    members: dict[str, Any] = {f"ce_{name}": {"type": "string"} for name in names}
    members["ce_specversion"] = {"const": "1.0"}
    needed = [f"ce_{name}" for name in ("id", "source", "type", "subject", "time", "specversion")]
    return {"type": "object", "properties": members, "required": sorted(needed)}


def _operation(action: str, topic: str, types: Sequence[KnownType], summary: str) -> dict[str, Any]:
    """``send`` is what the broker says to its readers, ``receive`` what publishers say to it."""
    channel = f"#/channels/{topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": summary,
        "messages": [{"$ref": f"{channel}/messages/{one.name}"} for one in types],
        "security": [{"$ref": "#/components/securitySchemes/cityToken"}],
    }


def _hearing(types: Sequence[KnownType]) -> str:
    personal = any(label(one.legal_class) for one in types)
    more = f", and {EVENTS_PERSONAL} for what is about persons" if personal else ""
    return f"Heard with the scope {EVENTS_READ}{more}."


def _saying(types: Sequence[KnownType]) -> str:
    if types[0].owner == CITY:
        return f"Said with the scopes {EVENTS_PUBLISH} and {EVENTS_PUBLISH_CITY}."
    return f"Said by {types[0].owner} alone, with the scope {EVENTS_PUBLISH}."
