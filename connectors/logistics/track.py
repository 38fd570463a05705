"""Where a thing has been. Pure: events in, sightings out.

A thing is seen by the events that name it, and by those of what it was packed in, for as long as
it was: an aggregation's ADD puts it in, its DELETE takes it out (without children named: takes all
out), and an ADD to another parent takes it out of the one before. OBSERVE says nothing of before
or after (EPCIS 2.0 §7.4.3). Events declared erroneous are not believed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Final

from connectors.logistics.events import Event

_PACKING: Final = ("AggregationEvent", "AssociationEvent")
MOST_NESTING: Final = 8


@dataclass(frozen=True, slots=True)
class Stay:
    """A thing was in ``parent`` from ``since`` until ``until``, or still is (None).

    What happens to the parent at that very moment happens without it: else what is known of a thing
    would depend on which of two events of one moment came first.

    Attributes:
        emptying: the event that ended it, where that names the parent alone.
    """

    parent: str
    since: datetime
    until: datetime | None = None
    emptying: Event | None = None


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
        for event in sorted(believed.values(), key=_order):
            for epc in {epc for _, epc in event.roles}:
                self._of[epc].append(event)
        self._stays: dict[str, list[Stay]] = {}
        self._emptyings: dict[str, list[Event]] = {}

    def of(self, epc: str) -> list[Event]:
        """The events that name a thing."""
        return self._of.get(epc, [])

    def places(self) -> set[str]:
        """Ids of all read points and business locations."""
        found = set()
        for events in self._of.values():
            found |= {event.place("readPoint") for event in events}
            found |= {event.place("bizLocation") for event in events}
        return {id_ for id_ in found if id_}

    def stays(self, epc: str) -> list[Stay]:
        """What the thing was packed in, in order of time; one never overlaps the next."""
        if epc not in self._stays:
            found: list[Stay] = []
            for event in self.of(epc):
                if event.type in _PACKING and epc in event.things("child"):
                    _pack(found, event)
            self._stays[epc] = [self._emptied(stay) for stay in found]
        return self._stays[epc]

    def parent(self, epc: str) -> str | None:
        """What the thing is packed in now."""
        stays = self.stays(epc)
        return stays[-1].parent if stays and stays[-1].until is None else None

    def _emptied(self, stay: Stay) -> Stay:
        """The stay, ended by a DELETE of its parent that names no children."""
        parent = stay.parent
        if parent not in self._emptyings:
            emptied = [event for event in self.of(parent) if _empties(event, parent)]
            self._emptyings[parent] = emptied
        emptyings = self._emptyings[parent]
        first = bisect_left(emptyings, stay.since, key=_time)
        if first < len(emptyings) and emptyings[first].time < _end(stay):
            return Stay(parent, stay.since, emptyings[first].time, emptyings[first])
        return stay

    def track(self, epc: str) -> list[Sighting]:
        """All sightings of a thing, in order of time."""
        return list(self.latest_first(epc))[::-1]

    def latest_first(self, epc: str) -> Iterator[Sighting]:
        """The sightings of a thing from the last to the first, found only as far as asked for."""
        known: set[str] = set()
        for sighting in self._reaching(epc, (), _EVER):
            if sighting.event.id not in known:
                known.add(sighting.event.id)
                yield sighting

    def _reaching(
        self, epc: str, via: tuple[str, ...], within: tuple[datetime, datetime]
    ) -> Iterator[Sighting]:
        sources: list[Iterator[Sighting]] = [
            (Sighting(event, via) for event in self._between(epc, within))
        ]
        for stay in self.stays(epc):
            if stay.parent in via or len(via) >= MOST_NESTING:
                continue
            both = (max(within[0], stay.since), min(within[1], _end(stay)))
            if both[0] < both[1]:
                sources.append(self._reaching(stay.parent, (*via, stay.parent), both))
            if stay.emptying and within[0] <= stay.emptying.time < within[1]:
                sources.append(iter([Sighting(stay.emptying, (*via, stay.parent))]))
        return merge(*sources, key=lambda sighting: _order(sighting.event), reverse=True)

    def _between(self, epc: str, within: tuple[datetime, datetime]) -> Iterator[Event]:
        events = self.of(epc)
        first = bisect_left(events, within[0], key=_time)
        last = bisect_left(events, within[1], key=_time)
        return (events[index] for index in range(last - 1, first - 1, -1))


def _time(event: Event) -> datetime:
    return event.time


def _order(event: Event) -> tuple[datetime, str]:
    return event.time, event.id


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
