"""What the logistics API answers."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from schemas.logistics import EventType, Shipment
from schemas.ngsild import Point, Value


class CaptureJob(Value):
    """EPCIS 2.0 §12.6.2. Documents are captured at once, so a job is always done."""

    capture_id: str = Field(alias="captureID")
    created_at: AwareDatetime
    finished_at: AwareDatetime
    running: bool = False
    success: bool = True
    capture_error_behaviour: Literal["rollback"] = "rollback"
    errors: tuple[str, ...] = ()
    event_count: int
    new_event_count: int


class ShipmentView(Shipment):
    """A thing as last seen."""

    type: Literal["Shipment"] = "Shipment"


class ShipmentPage(Value):
    items: list[ShipmentView]
    total: int
    limit: int
    offset: int


class SightingView(Value):
    """One step of a track.

    Attributes:
        via: the things it was packed in, nearest first, through which the event reaches it.
    """

    event_id: str
    event_type: EventType
    event_time: AwareDatetime
    action: str | None = None
    business_step: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    business_location: str | None = None
    place_name: str | None = None
    location: Point | None = None
    via: list[str]


class TrackView(Value):
    """Where a thing has been, in order of time.

    Attributes:
        contained_in: EPC of what it is packed in now.
        contains: EPCs of what is packed in it now.
        made_from, made_into: the inputs and outputs of transformations that it went through.
        total: how many sightings there are; ``sightings`` holds the latest of them.
    """

    epc: str
    contained_in: str | None = None
    contains: list[str]
    made_from: list[str]
    made_into: list[str]
    total: int
    sightings: list[SightingView]
