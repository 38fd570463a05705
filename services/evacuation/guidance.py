"""Guidance put together from an alert and what the domains answered. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from schemas.evacuation import EvacuationGuidance
from schemas.ngsild import MultiPolygon, Point, urn
from services.evacuation import rules
from services.evacuation.advice import advice
from services.evacuation.alert import Alert, City
from services.evacuation.geometry import Patch
from services.evacuation.lookup import Found


def guidance_id(city: City, alert_id: str) -> str:
    """The id of the guidance for an alert, always the same."""
    return urn("EvacuationGuidance", city.code, hashlib.sha256(alert_id.encode()).hexdigest()[:24])


def put_together(
    identity: str,
    alert: Alert,
    patches: Sequence[Patch],
    found: Found,
    *,
    now: datetime,
    before: EvacuationGuidance | None = None,
) -> EvacuationGuidance:
    """Guidance with what was found.

    Args:
        patches: the alerted parts of the city, at least one.
        before: the version before. Where a domain does not answer, what it said then still
            stands: an older list of shelters is better than none.
    """
    shelters = rules.choose_shelters(found.shelters, patches, alert.hazard)
    if before and "disaster" in found.missing:
        shelters = before.shelters
    stops = rules.choose_stops(found.stops, shelters, patches)
    if before and "mobility" in found.missing:
        stops = before.stops
    hospitals = rules.choose_hospitals(found.hospitals, shelters, patches)
    if before and "medical" in found.missing:
        hospitals = before.hospitals
    still_unknown = found.missing & set(before.missing) if before else found.missing
    japanese, english = advice(alert.hazard, shelters[0].name if shelters else "")
    return EvacuationGuidance(
        id=identity,
        alert=alert.id,
        version=before.version + 1 if before else 1,
        event=alert.event,
        hazard=alert.hazard or None,
        severity=alert.severity,
        headline=alert.headline,
        area_names=alert.area_names,
        location=Point(coordinates=patches[0].centre),
        area=_area(patches),
        shelters=shelters,
        stops=stops,
        hospitals=hospitals,
        missing=tuple(sorted(still_unknown)),
        advice=japanese,
        advice_en=english,
        issued_at=before.issued_at if before else now,
        valid_until=alert.expires,
        observed_at=now,
    )


def says_the_same(one: EvacuationGuidance, other: EvacuationGuidance) -> bool:
    """Whether a person would do the same on both: the same places in the same order."""
    return _gist(one) == _gist(other)


def _gist(guidance: EvacuationGuidance) -> object:
    lists = (guidance.shelters, guidance.stops, guidance.hospitals)
    places = [[place.id for place in places] for places in lists]
    changing = {"version", "observed_at", "shelters", "stops", "hospitals"}
    return places, guidance.model_dump(exclude=changing)


def _area(patches: Sequence[Patch]) -> MultiPolygon:
    rings = ((*patch.ring, patch.ring[0]) if patch.ring[0] != patch.ring[-1] else patch.ring
             for patch in patches)  # fmt: skip
    return MultiPolygon(coordinates=tuple((ring,) for ring in rings))
