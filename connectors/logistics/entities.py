"""Events and histories as the canonical entity and event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Literal

from connectors.logistics.events import Event
from connectors.logistics.masterdata import Place
from connectors.logistics.track import History, Sighting
from connectors.logistics.vocabulary import bare, scheme
from schemas.cloudevents import CloudEvent, event
from schemas.logistics import OBSERVED, Shipment, ShipmentObserved
from schemas.ngsild import Point, urn

_RECENT: Final = 50
"""How many sightings back a place is looked for."""


def entity_id(epc: str) -> str:
    return urn(Shipment.entity_type, "epc", epc)


def shipment(epc: str, history: History, places: Mapping[str, Place]) -> Shipment | None:
    """A thing as last seen; None when nothing that is believed tells of it.

    Step and disposition are the latest event's; a place that it does not name is the one before.
    """
    recent = list(islice(history.latest_first(epc), _RECENT))
    if not recent:
        return None
    last = recent[0].event
    place = next((found for s in recent if (found := place_of(s.event, places))), None)
    parent = history.parent(epc)
    return Shipment(
        id=entity_id(epc),
        observed_at=last.time,
        epc=epc,
        scheme=scheme(epc),
        business_step=bare(last.body.get("bizStep")),
        disposition=bare(last.body.get("disposition")),
        read_point=_latest(recent, "readPoint"),
        business_location=_latest(recent, "bizLocation"),
        place_name=place.name if place else None,
        location=point(place),
        contained_in=entity_id(parent) if parent else None,
        last_event=last.id,
    )


def _latest(recent: Sequence[Sighting], field: Literal["readPoint", "bizLocation"]) -> str | None:
    return next((found for s in recent if (found := s.event.place(field))), None)


def place_of(seen: Event, places: Mapping[str, Place]) -> Place | None:
    """Where an event says the things now are, else where it was read."""
    location, read = seen.place("bizLocation"), seen.place("readPoint")
    return places.get(location or "") or places.get(read or "")


def point(place: Place | None) -> Point | None:
    if place is None or place.latitude is None or place.longitude is None:
        return None
    return Point.at(place.latitude, place.longitude)


def observed(seen: Event, source: str) -> CloudEvent:
    """``city.logistics.shipment.observed``; an event and the declaration of its error are two."""
    parent = next(iter(seen.things("parent")), None)
    epcs = (*seen.things("epc"), *seen.things("child"), *seen.things("input"))
    outputs = tuple(seen.things("output"))
    data = ShipmentObserved(
        event_id=seen.id,
        event_type=seen.type,
        event_time=seen.time,
        action=seen.action,
        business_step=bare(seen.body.get("bizStep")),
        disposition=bare(seen.body.get("disposition")),
        read_point=seen.place("readPoint"),
        business_location=seen.place("bizLocation"),
        epcs=epcs[:1000],
        parent=parent,
        outputs=outputs[:1000],
        declared_wrong=seen.declares_error or None,
    )
    subject = parent or next(iter((*epcs, *outputs)), seen.id)
    return event(
        OBSERVED,
        data,
        source=source,
        subject=subject,
        time=seen.time,
        key=f"{seen.id}|{seen.declares_error}",
    )
