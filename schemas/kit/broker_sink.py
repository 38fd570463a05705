"""Saying things to the broker through its open API, for an outbox.

What the broker refuses for good is found and named, so that one bad message never holds up the good
ones behind it; what it cannot take now is tried again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import httpx
import orjson

from schemas.cloudevents import BATCH_MEDIA_TYPE, CloudEvent
from schemas.kit.client import DELETE_PATH, EVENTS_PATH, UPSERT_PATH, CityClient
from schemas.kit.message import Message, Refusal, Sink
from schemas.ngsild import Entity

_BATCH: Final = 200
_BATCH_BYTES: Final = 900_000  # of a request; the broker takes bodies of up to 1 MiB

_CHANNELS: Final = {
    "event": (EVENTS_PATH, BATCH_MEDIA_TYPE),
    "entity": (UPSERT_PATH, "application/json"),
    "gone": (DELETE_PATH, "application/json"),
}

_FOR_GOOD: Final = frozenset((400, 413, 422))
"""Refusals of the content itself. Others (401, 403, 404, 429, 5xx) are about the moment: a scope
not yet granted, a route not yet attached, a broker that is away."""


def event_message(event: CloudEvent) -> Message:
    """An event as something to be said through an outbox."""
    return Message("event", event.subject, orjson.dumps(event.as_json()))


def entity_message(entity: Entity) -> Message:
    """An entity's current state as something to be said through an outbox."""
    return Message("entity", entity.id, orjson.dumps(entity.as_ngsild()))


def gone_message(entity_id: str) -> Message:
    """That an entity is no more."""
    return Message("gone", entity_id, orjson.dumps(entity_id))


def broker_sink(client: CityClient) -> Sink:
    """An outbox's sink that says events and entities to the broker, runs of a kind together."""

    async def sink(messages: list[Message]) -> list[Refusal]:
        refusals: list[Refusal] = []
        for _, run in groupby(messages, key=attrgetter("channel")):
            for batch in _batches(run):
                refusals += await _say(client, batch)
        return refusals

    return sink


def _batches(messages: Iterator[Message]) -> Iterator[list[Message]]:
    """The messages in order, in parts that one request can carry."""
    batch: list[Message] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == _BATCH or size + len(message.body) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message.body) + 1
    if batch:
        yield batch


async def _say(client: CityClient, batch: list[Message]) -> list[Refusal]:
    """Say a batch of one channel; what the broker will never take is found by halving."""
    path, media = _CHANNELS[batch[0].channel]
    body = b"[" + b",".join(message.body for message in batch) + b"]"
    try:
        answer = await client.request("POST", path, content=body, headers={"content-type": media})
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in _FOR_GOOD:
            raise
        if len(batch) == 1:
            return [Refusal(batch[0], error.response.text)]
        half = len(batch) // 2
        return await _say(client, batch[:half]) + await _say(client, batch[half:])
    if answer.status_code == httpx.codes.MULTI_STATUS:
        return _partial(batch, answer.json())
    return []


def _partial(batch: list[Message], result: dict[str, Any]) -> list[Refusal]:
    """Those that a BatchOperationResult (GS CIM 009 §5.2.16) names as failed.

    Already gone is as good as gone.
    """
    failed = {
        error.get("entityId"): orjson.dumps(error.get("error", {})).decode()
        for error in result.get("errors", [])
    }
    return [
        Refusal(message, failed[message.key])
        for message in batch
        if message.key in failed and message.channel != "gone"
    ]
