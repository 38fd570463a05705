"""What the broker says when an entity changes, and who else wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.context import ENTITY_CHANGED
from schemas.kit.outbox import Message
from schemas.xcity import LegalClass
from services.broker.context.jsonld import CORE
from services.broker.context.model import ContextEntity
from services.broker.context.represent import represent
from services.broker.context.rows import Change
from services.broker.events.binding import LEGAL_CLASS

SOURCE: Final = "/ngsi-ld/v1"
MOST_BYTES: Final = 1_048_576
_TOPIC: Final = ENTITY_CHANGED.rpartition(".")[0]
_ALWAYS: Final = [
    ("ce_specversion", "1.0"),
    ("ce_source", SOURCE),
    ("ce_type", ENTITY_CHANGED),
    ("ce_dataschema", f"/schemas/v1/{ENTITY_CHANGED}"),
    ("content-type", "application/json"),
]


class Watcher(Protocol):
    """Is told of every change of entities."""

    async def note(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Sequence[Change]], now: str
    ) -> None:
        """Note changes in the very transaction that makes them.

        Args:
            done: those of each request by themselves.
        """
        ...

    def wake(self) -> None:
        """That transaction is committed."""
        ...


class Nobody:
    """Watches nothing."""

    async def note(
        self, connection: AsyncConnection, tenant: str, done: Sequence[Sequence[Change]], now: str
    ) -> None: ...

    def wake(self) -> None: ...


def announcements(done: Sequence[Change], moment: datetime) -> list[Message]:
    """The events ``city.context.entity.changed`` of one transaction."""
    whole, when = str(uuid4()), moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return [
        Message(_TOPIC, c.entity.id, _body(c), _headers(c.entity, f"{whole}-{number}", when))
        for number, c in enumerate(done)
    ]


def _body(change: Change) -> bytes:
    entity = change.entity
    data: dict[str, Any] = {
        "entityId": entity.id,
        "entityType": CORE.compact(entity.types[0]),
        "change": change.kind,
        "attributes": [CORE.compact(name) for name in change.names],
    }
    if change.new:
        data["entity"] = represent(entity)
    body = orjson.dumps(data)
    if len(body) > MOST_BYTES:
        del data["entity"]  # more than a record holds: who wants it, asks for it
        body = orjson.dumps(data)
    return body


def _headers(entity: ContextEntity, id_: str, when: str) -> str:
    """The event's attributes, as :func:`~services.broker.events.binding.as_message` has them.

    Written here because checking a :class:`~schemas.cloudevents.CloudEvent` that is sound by its
    making takes as long as all the rest of a change.
    """
    own = [("ce_id", id_), ("ce_subject", entity.id), ("ce_time", when)]
    if entity.restricted:
        own.append((f"ce_{LEGAL_CLASS}", LegalClass.PERSONAL.value))
    return orjson.dumps(_ALWAYS + own).decode()
