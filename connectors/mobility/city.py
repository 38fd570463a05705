"""The timetable as it is served: entities beside the departure board, made once per feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge

from connectors.mobility.board import Board, Scheduled
from connectors.mobility.entities import timetable_entities
from connectors.mobility.gtfs import parse_gtfs
from connectors.mobility.model import Timetable
from connectors.mobility.updates import Added, Expected, Updates
from schemas.mobility import Departure, GtfsRoute, GtfsStop
from schemas.ngsild import Entity


@dataclass(frozen=True, eq=False)
class City:
    """A city's public transport.

    Attributes:
        platforms: station → the stops that belong to it.
    """

    timetable: Timetable
    board: Board
    stops: dict[str, GtfsStop]
    routes: dict[str, GtfsRoute]
    platforms: dict[str, tuple[str, ...]]

    def entities(self) -> Iterator[Entity]:
        yield from self.stops.values()
        yield from self.routes.values()

    def departures(
        self, stop: str, since: datetime, updates: Updates, limit: int
    ) -> list[Departure]:
        """What leaves a stop, or any stop of a station, from ``since`` on, by expected time.

        A late departure is there until it has left, however long ago it was scheduled.
        """
        stops = (stop, *self.platforms.get(stop, ()))
        floor = int(since.timestamp())
        found = [self._added(each, at) for at in stops for each in updates.added.get(at, ())]
        found = [each for each in found if each.expected >= since]
        for departure in self._scheduled(stops, since, updates):
            if self._enough(found, limit, departure.moment - updates.earliest):
                break
            calls = self.timetable.calls[departure.trip.id]
            expected = updates.expected(departure, calls)
            if expected.moment >= floor:
                found.append(self._departure(departure, expected))
        return sorted(found, key=lambda each: each.expected)[:limit]

    def _scheduled(
        self, stops: tuple[str, ...], since: datetime, updates: Updates
    ) -> Iterator[Scheduled]:
        from_ = since - timedelta(seconds=updates.latest)
        return merge(
            *(self.board.departures(stop, from_) for stop in stops), key=lambda each: each.moment
        )

    def _enough(self, found: list[Departure], limit: int, soonest: int) -> bool:
        """Whether nothing that leaves at ``soonest`` or later can be among the first ``limit``."""
        if len(found) < limit:
            return False
        last = sorted(each.expected for each in found)[limit - 1]
        return last.timestamp() <= soonest

    def _departure(self, departure: Scheduled, expected: Expected) -> Departure:
        stop = self.stops[departure.call.stop]
        trip = departure.trip
        return Departure(
            stop_id=stop.stop_id,
            stop_name=stop.name,
            route_id=trip.route,
            route_name=self._route_name(trip.route),
            trip_id=trip.id,
            headsign=departure.call.headsign or trip.headsign or None,
            scheduled=self._local(departure.moment),
            expected=self._local(expected.moment),
            delay_seconds=expected.delay,
            status=expected.status,
            service_date=departure.day.isoformat(),
            exact=departure.exact,
            platform_code=stop.platform_code,
        )

    def _added(self, added: Added, stop: str) -> Departure:
        here = self.stops[stop]
        moment = self._local(added.moment)
        return Departure(
            stop_id=stop,
            stop_name=here.name,
            route_id=added.route,
            route_name=self._route_name(added.route),
            trip_id=added.trip,
            expected=moment,
            status="added",
            service_date=moment.date().isoformat(),
            platform_code=here.platform_code,
        )

    def _route_name(self, route: str) -> str:
        known = self.routes.get(route)
        return (known.short_name or known.name) if known else route

    def _local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment, UTC).astimezone(self.timetable.zone)


def parse_city(raw: bytes) -> City:
    """A GTFS zip as it is served; raises as :func:`connectors.mobility.gtfs.parse_gtfs`."""
    timetable = parse_gtfs(raw)
    board = Board(timetable)
    stops, routes = timetable_entities(timetable, board.routes_at)
    platforms: defaultdict[str, list[str]] = defaultdict(list)
    for stop in timetable.stops.values():
        if stop.parent:
            platforms[stop.parent].append(stop.id)
    return City(
        timetable, board, stops, routes, {station: tuple(at) for station, at in platforms.items()}
    )
