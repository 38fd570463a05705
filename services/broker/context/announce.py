"""What the broker says when an entity changes, and who else wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.cloudevents import CloudEvent
from schemas.context import ENTITY_CHANGED
from schemas.kit.outbox import Message
from schemas.xcity import LegalClass
from services.broker.context.jsonld import CORE
from services.broker.context.model import ContextEntity
from services.broker.context.represent import represent
from services.broker.context.rows import Change
from services.broker.events.binding import LEGAL_CLASS, as_message

SOURCE: Final = "/ngsi-ld/v1"
MOST_BYTES: Final = 1_048_576


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


def announcement(entity: ContextEntity, change: str, names: list[str], moment: datetime) -> Message:
    """The event ``city.context.entity.changed`` for one change of one entity."""
    data: dict[str, Any] = {
        "entityId": entity.id,
        "entityType": CORE.compact(entity.types[0]),
        "change": change,
        "attributes": [CORE.compact(name) for name in names],
    }
    if change != "deleted":
        data["entity"] = represent(entity)
    event = CloudEvent(
        source=SOURCE,
        type=ENTITY_CHANGED,
        subject=entity.id,
        time=moment,
        dataschema=f"/schemas/v1/{ENTITY_CHANGED}",
        data=data,
    )
    if len(orjson.dumps(data)) > MOST_BYTES:
        del data["entity"]  # more than a record holds: who wants it, asks for it
        event = event.model_copy(update={"data": data})
    marks = {LEGAL_CLASS: LegalClass.PERSONAL.value} if entity.restricted else {}
    return as_message(event.model_copy(update=marks))
