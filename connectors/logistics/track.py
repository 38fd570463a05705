"""Where a thing has been. Pure: events in, sightings out.

A thing is seen by the events that name it, and by those of what it was packed in, for as long as
it was: an aggregation's ADD puts it in, its DELETE takes it out (without children named: takes all
out), and an ADD to another parent takes it out of the one before. OBSERVE says nothing of before
or after (EPCIS 2.0 §7.4.3). Events declared erroneous are not believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.logistics.events import Event

_PACKING: Final = ("AggregationEvent", "AssociationEvent")
MOST_NESTING: Final = 8


@dataclass(frozen=True, slots=True)
class Stay:
    """A thing was in ``parent`` from ``since`` until ``until``, or still is (None)."""

    parent: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event that tells where a thing was.

    Attributes:
        via: the parents through which the event reaches it, nearest first; empty when the event
            names the thing itself.
    """

    event: Event
    via: tuple[str, ...] = ()


class History:
    """Events by the things they name, in order of time."""

    def __init__(self, events: Iterable[Event]) -> None:
        believed = {event.id: event for event in events if not event.declares_error}
        self._of: dict[str, list[Event]] = defaultdict(list)
        for event in sorted(believed.values(), key=lambda event: (event.time, event.id)):
            for epc in {epc for _, epc in event.roles}:
                self._of[epc].append(event)
        self._stays: dict[str, list[Stay]] = {}

    def of(self, epc: str) -> list[Event]:
        return self._of.get(epc, [])

    def stays(self, epc: str) -> list[Stay]:
        """What the thing was packed in, in order of time."""
        if epc not in self._stays:
            self._stays[epc] = self._find_stays(epc)
        return self._stays[epc]

    def _find_stays(self, epc: str) -> list[Stay]:
        found: list[Stay] = []
        for event in self.of(epc):
            if event.type in _PACKING and epc in event.things("child"):
                _pack(found, event)
        return [self._emptied(stay) for stay in found]

    def _emptied(self, stay: Stay) -> Stay:
        """The stay, ended by a DELETE of its parent that names no children."""
        for event in self.of(stay.parent):
            if _empties(event, stay.parent) and stay.since <= event.time < _end(stay):
                return Stay(stay.parent, stay.since, event.time)
        return stay

    def track(self, epc: str) -> list[Sighting]:
        """All sightings of a thing, in order of time."""
        found: dict[str, Sighting] = {}
        self._gather(epc, (), _EVER, found)
        return sorted(found.values(), key=lambda s: (s.event.time, s.event.id))

    def _gather(
        self,
        epc: str,
        via: tuple[str, ...],
        within: tuple[datetime, datetime],
        found: dict[str, Sighting],
    ) -> None:
        for event in self.of(epc):
            if within[0] <= event.time <= within[1]:
                found.setdefault(event.id, Sighting(event, via))
        for stay in self.stays(epc):
            both = (max(within[0], stay.since), min(within[1], _end(stay)))
            if both[0] <= both[1] and stay.parent not in via and len(via) < MOST_NESTING:
                self._gather(stay.parent, (*via, stay.parent), both, found)


_EVER: Final = (
    datetime.fromisoformat("0002-01-01T00:00:00+00:00"),
    datetime.fromisoformat("9998-01-01T00:00:00+00:00"),
)


def _end(stay: Stay) -> datetime:
    return stay.until or _EVER[1]


def _pack(stays: list[Stay], event: Event) -> None:
    """Carry one event that names the thing as a child into its stays."""
    parent = (event.things("parent") or [""])[0]
    last = stays[-1] if stays else None
    ends = event.action in ("ADD", "DELETE") and last is not None and last.until is None
    if ends and last and (event.action == "ADD" or last.parent == parent):
        stays[-1] = Stay(last.parent, last.since, event.time)
    if event.action == "ADD":
        stays.append(Stay(parent, event.time))


def _empties(event: Event, parent: str) -> bool:
    return (
        event.type in _PACKING
        and event.action == "DELETE"
        and event.things("parent") == [parent]
        and not event.body.get("childEPCs")
        and not event.body.get("childQuantityList")
    )
