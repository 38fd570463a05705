"""Canonical entities and events of the logistics domain.

What moves is named by its EPC URI (GS1 EPC Tag Data Standard) or GS1 Digital Link; business steps
and dispositions are bare words of GS1's Core Business Vocabulary (``shipping``, ``in_transit``).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel

from schemas.ngsild import Entity, Point, Relationship, Value

EventType = Literal[
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
]


class Shipment(Entity):
    """A thing on its way, as last seen: a parcel, a pallet, an item (one per EPC).

    Attributes:
        epc: the thing's EPC URI.
        scheme: of the EPC: ``sscc`` (logistic unit), ``sgtin`` (item), ``grai`` (crate), …
        contained_in: the thing it is packed in now.
        last_event: the EPCIS event that says so.
    """

    entity_type = "Shipment"

    epc: str
    scheme: str
    business_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    business_location: str | None = None
    place_name: str | None = None
    location: Point | None = None
    contained_in: Annotated[str | None, Relationship()] = None
    last_event: str


class ShipmentObserved(Value):
    """Data of ``city.logistics.shipment.observed``: one captured EPCIS event.

    Attributes:
        epcs: the things observed (``epcList``, ``childEPCs``, or what went into a transformation).
        parent: what they were packed in or taken out of.
        outputs: what came out of a transformation.
        declared_wrong: the event was captured before, and is now said to have been wrong.

    ``epcs`` and ``outputs`` hold the first 1000; all are in the event itself, at the open API.
    """

    event_id: str
    event_type: EventType
    event_time: AwareDatetime
    action: str | None = None
    business_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    business_location: str | None = None
    epcs: tuple[str, ...] = ()
    parent: str | None = None
    outputs: tuple[str, ...] = ()
    declared_wrong: bool | None = None


OBSERVED: Final = "city.logistics.shipment.observed"

ENTITIES: Final[tuple[type[Entity], ...]] = (Shipment,)
EVENTS: Final[dict[str, type[BaseModel]]] = {OBSERVED: ShipmentObserved}
