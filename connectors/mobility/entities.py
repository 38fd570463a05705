"""Canonical entities of the mobility domain, from a timetable and from realtime messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from google.transit import gtfs_realtime_pb2 as pb

from connectors.mobility.model import Route, Stop, Timetable
from connectors.mobility.realtime import Message, moment
from schemas.mobility import GtfsRoute, GtfsStop, Period, ServiceAlert, Vehicle
from schemas.ngsild import Entity, Point, urn

SOURCE: Final = "gtfs"
"""Second part of the entities' ids: whose local ids follow."""

_KMH = 3.6  # metres per second → kilometres per hour
_KINDS: Final = {0: "tram", 1: "metro", 2: "train", 3: "bus", 4: "ferry", 11: "trolleybus"}


def stop_urn(stop: str) -> str:
    return urn("GtfsStop", SOURCE, stop)


def route_urn(route: str) -> str:
    return urn("GtfsRoute", SOURCE, route)


def timetable_entities(
    timetable: Timetable, routes_at: dict[str, set[str]]
) -> tuple[dict[str, GtfsStop], dict[str, GtfsRoute]]:
    """Stops and routes by their GTFS ids, in the feed's order."""
    names = timetable.translations
    stops = {
        stop.id: _stop(stop, names.get(("stops", stop.id)), routes_at.get(stop.id, set()))
        for stop in timetable.stops.values()
    }
    routes = {
        route.id: _route(route, names.get(("routes", route.id)))
        for route in timetable.routes.values()
    }
    return stops, routes


def _stop(stop: Stop, names: dict[str, str] | None, routes: set[str]) -> GtfsStop:
    return GtfsStop(
        id=stop_urn(stop.id),
        stop_id=stop.id,
        name=stop.name,
        names=names,
        code=stop.code or None,
        description=stop.description or None,
        location=_point(stop.latitude, stop.longitude),
        location_type=stop.location_type,
        platform_code=stop.platform or None,
        wheelchair_boarding=stop.wheelchair or None,
        has_parent_station=stop_urn(stop.parent) if stop.parent else None,
        served_by=tuple(route_urn(route) for route in sorted(routes)) or None,
    )


def _point(latitude: float | None, longitude: float | None) -> Point | None:
    if latitude is None or longitude is None:
        return None
    return Point.at(latitude, longitude)


def _route(route: Route, names: dict[str, str] | None) -> GtfsRoute:
    return GtfsRoute(
        id=route_urn(route.id),
        route_id=route.id,
        name=route.name,
        names=names,
        short_name=route.short_name or None,
        description=route.description or None,
        route_type=route.type,
        route_color=route.color or None,
        route_text_color=route.text_color or None,
        operator=route.operator or None,
    )


def vehicles(message: Message, timetable: Timetable | None) -> dict[str, Vehicle]:
    """Vehicles by the operator's id; of two reports on one vehicle the later counts."""
    found: dict[str, Vehicle] = {}
    for entity in message.entities:
        said = _vehicle(entity, message.at, timetable)
        known = found.get(said.fleet_vehicle_id)
        if known is None or _later(said.observed_at, known.observed_at):
            found[said.fleet_vehicle_id] = said
    return found


def _later(a: datetime | None, b: datetime | None) -> bool:
    return a is not None and (b is None or a >= b)


def _vehicle(entity: Any, made: datetime | None, timetable: Timetable | None) -> Vehicle:
    said = entity.vehicle
    identity = said.vehicle.id or said.vehicle.label or entity.id
    located = said.HasField("position")
    position = said.position
    route = _route_of(said.trip, timetable)
    return Vehicle(
        id=urn("Vehicle", SOURCE, identity),
        observed_at=moment(said.timestamp) or made,
        fleet_vehicle_id=identity,
        vehicle_type=_kind(route, timetable),
        label=said.vehicle.label or None,
        vehicle_plate_identifier=said.vehicle.license_plate or None,
        location=Point.at(position.latitude, position.longitude) if located else None,
        speed=round(position.speed * _KMH, 2) if position.HasField("speed") else None,
        heading=position.bearing if position.HasField("bearing") else None,
        route=route_urn(route) if route else None,
        route_id=route or None,
        trip_id=said.trip.trip_id or None,
        stop=stop_urn(said.stop_id) if said.stop_id else None,
        current_status=_word(said, "current_status", pb.VehiclePosition.VehicleStopStatus),
        occupancy_status=_word(said, "occupancy_status", pb.VehiclePosition.OccupancyStatus),
    )


def _word(message: Any, field: str, enum: Any) -> str | None:
    return str(enum.Name(getattr(message, field))) if message.HasField(field) else None


def _route_of(trip: Any, timetable: Timetable | None) -> str:
    if trip.route_id or timetable is None:
        return str(trip.route_id)
    known = timetable.trips.get(trip.trip_id)
    return known.route if known else ""


def _kind(route: str, timetable: Timetable | None) -> str:
    known = timetable.routes.get(route) if timetable else None
    return _KINDS.get(known.type, "bus") if known else "bus"


def service_alerts(message: Message) -> list[Entity]:
    """Alerts of a service-alerts feed."""
    return [_alert(entity, message.at) for entity in message.entities]


def _alert(entity: Any, made: datetime | None) -> ServiceAlert:
    said = entity.alert
    headers, descriptions = _texts(said.header_text), _texts(said.description_text)
    selected = list(said.informed_entity)
    return ServiceAlert(
        id=urn("ServiceAlert", SOURCE, entity.id),
        observed_at=made,
        alert_id=entity.id,
        cause=pb.Alert.Cause.Name(said.cause),
        effect=pb.Alert.Effect.Name(said.effect),
        severity=pb.Alert.SeverityLevel.Name(said.severity_level),
        header=next(iter(headers.values()), None),
        description=next(iter(descriptions.values()), None),
        headers=headers or None,
        descriptions=descriptions or None,
        url=next(iter(_texts(said.url).values()), None),
        active=tuple(Period(start=moment(p.start), end=moment(p.end)) for p in said.active_period),
        routes=_distinct(s.route_id or s.trip.route_id for s in selected),
        stops=_distinct(s.stop_id for s in selected),
        trips=_distinct(s.trip.trip_id for s in selected),
        agencies=_distinct(s.agency_id for s in selected),
    )


def _texts(translated: Any) -> dict[str, str]:
    return {each.language or "und": each.text for each in translated.translation}


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    def told() -> Iterator[str]:
        yield from (value for value in values if value)

    return tuple(dict.fromkeys(told()))
