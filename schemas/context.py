"""Events of the context: what the broker itself says when an entity changes."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from schemas.ngsild import Entity, EntityId, Value

ENTITY_CHANGED: Final = "city.context.entity.changed"


class EntityChanged(Value):
    """An entity was created, updated or deleted in the broker.

    The topic is keyed by entity and compacted: whoever reads it from the start and keeps the last
    event of each entity holds the current context.

    Attributes:
        entity_type: NGSI-LD type; one of them when there are several.
        attributes: names of the attributes that changed.
        entity: the whole entity afterwards, normalized (GS CIM 009 §4.5.1); absent when deleted.
    """

    entity_id: EntityId
    entity_type: str = Field(max_length=512)
    change: Literal["created", "updated", "deleted"]
    attributes: tuple[str, ...] = ()
    entity: dict[str, Any] | None = None


ENTITIES: Final[tuple[type[Entity], ...]] = ()
EVENTS: Final[dict[str, type[BaseModel]]] = {ENTITY_CHANGED: EntityChanged}
