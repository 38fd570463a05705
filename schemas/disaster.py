"""Canonical entities and events of the disaster domain.

What is real and what is practised never share a type: an actual alert is an ``Alert`` and speaks as
``city.disaster.alert.*``; an exercise, a test, a system message or a draft is a ``DrillAlert`` and
speaks as ``city.disaster.drill.*``. Who subscribes to the one cannot receive the other, and neither
model accepts the other's ``status``.

Words such as ``severe`` or ``immediate`` are those of CAP 1.2 §3.2, in lower case.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field

from schemas.ngsild import Entity, MultiPolygon, Point, Polygon, Unit, Value

Severity = Literal["extreme", "severe", "moderate", "minor", "unknown"]
Urgency = Literal["immediate", "expected", "future", "past", "unknown"]
Certainty = Literal["observed", "likely", "possible", "unlikely", "unknown"]
Drill = Literal["exercise", "system", "test", "draft"]
State = Literal["active", "cancelled", "expired"]

Hazard = Literal[
    "flood",
    "landslide",
    "storm-surge",
    "earthquake",
    "tsunami",
    "fire",
    "inland-flood",
    "volcano",
]
"""The eight kinds of disaster that Japan designates shelters for (災害対策基本法施行令 20条の3)."""

Geometry = Point | Polygon | MultiPolygon


class Code(Value):
    """A code of an area or an event in a named scheme (CAP ``geocode``, ``eventCode``)."""

    scheme: str
    value: str


class Circle(Value):
    """A CAP circle; ``radius`` in metres (CAP has kilometres)."""

    centre: Point
    radius: float = Field(ge=0)


class Area(Value):
    """Where an alert holds.

    Attributes:
        name: in the alert's first language; ``names`` has each language it was told in.
        codes: of the area.
        geometry: polygons, circles drawn as polygons; absent where only codes are told.
        circles: the circles as they were told.
        level: what holds in this very area, such as ``震度2`` or ``大雨警報``.
    """

    name: str
    names: dict[str, str] | None = None
    codes: tuple[Code, ...] = ()
    geometry: Geometry | None = None
    circles: tuple[Circle, ...] = ()
    level: str | None = None


class AlertText(Value):
    """What an alert says in one language (BCP 47 tag)."""

    language: str
    event: str
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None


class Parameter(Value):
    """A value that only the sender's system defines (CAP ``parameter``), or of a JMA telegram."""

    name: str
    value: str


class _AlertBase(Entity):
    """What actual alerts and drills have in common.

    Attributes:
        sender, identifier, sent: which message this is (CAP §3.2.1); of the latest message.
        alert_source: the standard it came in.
        category: CAP category in lower case (``geo``, ``met``, ``safety``, …).
        event, headline, description, instruction: in the first language told; ``texts`` has all.
        effective, onset, expires: as told.
        location: all areas as one geometry, or the epicentre.
        replaced: identifiers of the messages that this state has replaced, oldest first.
        state: ``active``; ``cancelled`` by its sender; ``expired`` when its time is over.
    """

    sender: str
    sender_name: str | None = None
    identifier: str
    sent: AwareDatetime
    alert_source: str
    state: State = "active"
    category: str
    event: str
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    texts: tuple[AlertText, ...] = ()
    effective: AwareDatetime | None = None
    onset: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    web: str | None = None
    areas: tuple[Area, ...] = ()
    location: Geometry | None = None
    parameters: tuple[Parameter, ...] = ()
    event_codes: tuple[Code, ...] = ()
    replaced: tuple[str, ...] = ()


class Alert(_AlertBase):
    """A real alert."""

    entity_type = "Alert"

    status: Literal["actual"] = "actual"


class DrillAlert(_AlertBase):
    """An exercise, test, system message or draft (訓練・試験); never to be acted on as real."""

    entity_type = "DrillAlert"

    status: Drill


class AlertChanged(Alert):
    """Data of ``city.disaster.alert.*``: the alert as it now is, and its entity's id."""


class DrillChanged(DrillAlert):
    """Data of ``city.disaster.drill.*``."""


class Shelter(Entity):
    """A place to escape to (指定緊急避難場所) or to stay at (指定避難所).

    Attributes:
        shelter_id: the municipality's own id; what ``/shelters/{shelter}`` takes.
        names: by BCP 47 tag; ``ja-Kana`` is the reading.
        elevation: metres above sea level.
        hazards: kinds of disaster it is designated for; empty where it is designated for none or
            the municipality does not say.
        capacity: persons indoors; ``outdoor_capacity`` on the open ground beside it.
        occupants: persons there now; ``vacancies`` is what is left indoors.
        open: whether it now takes people in; absent where nobody has said.
    """

    entity_type = "Shelter"

    shelter_id: str
    name: str
    names: dict[str, str] | None = None
    address: str | None = None
    district: str | None = None
    location: Point | None = None
    elevation: Annotated[float | None, Unit("MTR")] = None
    telephone: str | None = None
    hazards: tuple[Hazard, ...] = ()
    capacity: int | None = None
    outdoor_capacity: int | None = None
    occupants: int | None = None
    vacancies: int | None = None
    open: bool | None = None
    serves: str | None = None
    note: str | None = None


ENTITIES: Final[tuple[type[Entity], ...]] = (Alert, DrillAlert, Shelter)

EVENTS: Final[dict[str, type[BaseModel]]] = {
    "city.disaster.alert.issued": AlertChanged,
    "city.disaster.alert.updated": AlertChanged,
    "city.disaster.alert.cancelled": AlertChanged,
    "city.disaster.drill.issued": DrillChanged,
    "city.disaster.drill.updated": DrillChanged,
    "city.disaster.drill.cancelled": DrillChanged,
}
