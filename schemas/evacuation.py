"""Canonical entities and events of the evacuation domain.

Guidance helps people act on an alert. It is not an evacuation instruction (避難指示): only the
mayor gives that (災害対策基本法 art. 60), and guidance says so in its advice.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field

from schemas.ngsild import Entity, EntityId, MultiPolygon, Point, Relationship, Value


class Place(Value):
    """A place that guidance names.

    Attributes:
        id: the place's entity.
        name: as its domain has it, in the local language.
        distance: metres, great circle; from the alerted area's centre unless said otherwise.
    """

    id: EntityId
    name: str
    location: Point
    distance: int = Field(ge=0)


class ShelterChoice(Place):
    """An open shelter, fit for the hazard, that is not full.

    Attributes:
        room: persons it can still take; absent when its capacity or occupancy is unknown.
        in_area: lies inside the alerted area (and is designated for the hazard all the same,
            災害対策基本法 art. 49-4).
    """

    room: int | None = None
    in_area: bool = False


class StopChoice(Place):
    """A public-transport stop; ``distance`` is from ``shelter`` where that is given."""

    shelter: EntityId | None = None


class HospitalChoice(Place):
    """A hospital; ``distance`` is from ``shelter`` where that is given.

    Attributes:
        emergency: whether it takes emergencies now; absent when it does not say.
        beds_available: absent when it does not say.
    """

    shelter: EntityId | None = None
    emergency: bool | None = None
    beds_available: int | None = None


Missing = Literal["disaster", "mobility", "medical"]


class EvacuationGuidance(Entity):
    """Where to go, how, and which hospitals are near, for the area of one alert.

    Attributes:
        alert: the alert that it answers; of a chain of updates, the latest.
        state: ``withdrawn`` once the alert is cancelled or over.
        version: grows by one with every change.
        hazard: what the shelters were chosen for; absent when the alert does not tell.
        location: centre of the alerted area.
        area: the alerted area.
        shelters, stops, hospitals: best first.
        missing: domains that did not answer; an update follows when they do.
        advice, advice_en: what to do, in one paragraph.
    """

    entity_type: ClassVar[str] = "EvacuationGuidance"

    alert: Annotated[EntityId, Relationship()]
    state: Literal["active", "withdrawn"] = "active"
    version: int = Field(default=1, ge=1)
    event: str
    hazard: str | None = None
    severity: str
    headline: str
    area_names: tuple[str, ...] = ()
    location: Point
    area: MultiPolygon
    shelters: tuple[ShelterChoice, ...] = ()
    stops: tuple[StopChoice, ...] = ()
    hospitals: tuple[HospitalChoice, ...] = ()
    missing: tuple[Missing, ...] = ()
    advice: str
    advice_en: str
    issued_at: AwareDatetime
    valid_until: AwareDatetime | None = None


class GuidanceWithdrawn(Value):
    """Guidance that no longer holds.

    Attributes:
        reason: the alert was cancelled (取消), is over, or changed so that nobody need act on it.
    """

    id: EntityId
    alert: EntityId
    reason: Literal["cancelled", "expired", "eased"]
    withdrawn_at: AwareDatetime


ENTITIES: Final[tuple[type[Entity], ...]] = (EvacuationGuidance,)
EVENTS: Final[dict[str, type[BaseModel]]] = {
    "city.evacuation.guidance.issued": EvacuationGuidance,
    "city.evacuation.guidance.updated": EvacuationGuidance,
    "city.evacuation.guidance.withdrawn": GuidanceWithdrawn,
}
