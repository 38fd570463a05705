"""Which shelters, stops and hospitals guidance names, and in which order. Pure functions.

A person walks to a shelter (原則徒歩: 避難情報に関するガイドライン, Cabinet Office 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.evacuation import HospitalChoice, ShelterChoice, StopChoice
from schemas.ngsild import Point
from services.evacuation.geometry import LonLat, Patch, haversine

SHELTER_REACH: Final = 2_000.0
"""Metres beyond the alerted area: how far a person walks to a 広域避難地 (MLIT, guideline for the
planning of disaster-prevention parks)."""

STOP_REACH: Final = 800.0
"""Metres: general walking distance (徒歩圏; MLIT, 都市構造の評価に関するハンドブック, 2014)."""

HOSPITAL_REACH: Final = 10_000.0
"""Metres from a shelter: a drive of about a quarter of an hour in a city."""

MOST_SHELTERS: Final = 10
STOPS_EACH: Final = 3
MOST_HOSPITALS: Final = 5


@dataclass(frozen=True, slots=True)
class Shelter:
    """A shelter as the disaster domain tells it; ``None`` is unknown."""

    id: str
    name: str
    at: LonLat
    capacity: int | None = None
    occupants: int | None = None
    vacancies: int | None = None
    open: bool | None = None
    hazards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stop:
    id: str
    name: str
    at: LonLat


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital as the medical domain tells it; ``None`` is unknown."""

    id: str
    name: str
    at: LonLat
    emergency: bool | None = None
    beds_available: int | None = None


def room(shelter: Shelter) -> int | None:
    """Persons a shelter can still take; unknown when its capacity is.

    Without a count of occupants it is taken to be empty: it has just been opened.
    """
    if shelter.vacancies is not None:
        return max(0, shelter.vacancies)
    if shelter.capacity is None:
        return None
    return max(0, shelter.capacity - (shelter.occupants or 0))


def is_fit(shelter: Shelter, hazard: str) -> bool:
    """Not closed, not full, and designated for the hazard.

    災害対策基本法 art. 49-4: a site is designated for each kind of disaster apart. One that is
    designated for none in the data is a 指定避難所 to stay in, and is not refused.
    """
    suits = not hazard or not shelter.hazards or hazard in shelter.hazards
    return shelter.open is not False and suits and room(shelter) != 0


def choose_shelters(
    found: Iterable[Shelter], patches: Sequence[Patch], hazard: str
) -> tuple[ShelterChoice, ...]:
    """The fit shelters within reach, nearest to the alerted area's centre first.

    Those known to be open with room come before those of which it is not known.
    """
    fit = {shelter.id: shelter for shelter in found if is_fit(shelter, hazard)}
    ranked = []
    for shelter in fit.values():
        beyond = min(patch.distance(shelter.at) for patch in patches)
        if beyond <= SHELTER_REACH:
            choice = _choice(shelter, patches, in_area=beyond == 0)
            unsure = shelter.open is None or choice.room is None
            ranked.append((unsure, choice.distance, choice.id, choice))
    return tuple(choice for *_, choice in sorted(ranked, key=lambda r: r[:3])[:MOST_SHELTERS])


def _choice(shelter: Shelter, patches: Sequence[Patch], *, in_area: bool) -> ShelterChoice:
    return ShelterChoice(
        id=shelter.id,
        name=shelter.name,
        location=Point(coordinates=shelter.at),
        distance=round(min(haversine(shelter.at, patch.centre) for patch in patches)),
        room=room(shelter),
        in_area=in_area,
    )


def choose_stops(
    found: Iterable[Stop], shelters: Sequence[ShelterChoice], patches: Sequence[Patch]
) -> tuple[StopChoice, ...]:
    """The stops in walking distance of the shelters; without shelters, of the area's centre.

    A stop is named once, with the shelter that is nearest to it.
    """
    near: dict[str, list[StopChoice]] = {}
    for stop in {stop.id: stop for stop in found}.values():
        shelter, distance = _nearest(stop.at, shelters, patches)
        if distance <= STOP_REACH:
            choice = StopChoice(
                id=stop.id,
                name=stop.name,
                location=Point(coordinates=stop.at),
                distance=round(distance),
                shelter=shelter,
            )
            near.setdefault(shelter or "", []).append(choice)
    order = [shelter.id for shelter in shelters] or [""]
    return tuple(
        stop
        for shelter_id in order
        for stop in sorted(near.get(shelter_id, ()), key=lambda s: (s.distance, s.id))[:STOPS_EACH]
    )


def choose_hospitals(
    found: Iterable[Hospital], shelters: Sequence[ShelterChoice], patches: Sequence[Patch]
) -> tuple[HospitalChoice, ...]:
    """The hospitals nearest to the shelters (or the area); those that take emergencies first."""
    choices = []
    for hospital in {hospital.id: hospital for hospital in found}.values():
        shelter, distance = _nearest(hospital.at, shelters, patches)
        if distance <= HOSPITAL_REACH:
            choices.append(
                HospitalChoice(
                    id=hospital.id,
                    name=hospital.name,
                    location=Point(coordinates=hospital.at),
                    distance=round(distance),
                    shelter=shelter,
                    emergency=hospital.emergency,
                    beds_available=hospital.beds_available,
                )
            )
    return tuple(
        sorted(choices, key=lambda c: (_turns_away(c.emergency), c.distance, c.id))[:MOST_HOSPITALS]
    )


def _turns_away(emergency: bool | None) -> int:
    return {True: 0, None: 1, False: 2}[emergency]


def _nearest(
    at: LonLat, shelters: Sequence[ShelterChoice], patches: Sequence[Patch]
) -> tuple[str | None, float]:
    """The nearest shelter, or ``None`` and the nearest centre of the area; and how far it is."""
    if not shelters:
        return None, min(haversine(at, patch.centre) for patch in patches)
    distances = ((haversine(at, s.location.coordinates), s.id) for s in shelters)
    distance, shelter = min(distances)
    return shelter, distance
