"""Canonical entities and events of the mobility domain.

Names of types and attributes are Smart Data Models' (UrbanMobility, Transportation) where there are
such; an attribute that GTFS alone knows keeps its GTFS name.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, Field

from schemas.ngsild import Entity, Point, Relationship, Unit, Value


class GtfsStop(Entity):
    """A place where passengers board or alight (GTFS stops.txt).

    Attributes:
        stop_id: as in stops.txt; what ``/stops/{stop}`` takes.
        code: what passengers see at the stop (``stop_code``).
        names: the name in further languages (GTFS translations.txt), by BCP 47 tag.
        location_type: 0 stop or platform, 1 station, 2 entrance, 3 node, 4 boarding area.
        wheelchair_boarding: 0 unknown, 1 possible, 2 not possible.
        served_by: routes that call here.
    """

    entity_type = "GtfsStop"

    stop_id: str
    name: str
    names: dict[str, str] | None = None
    code: str | None = None
    description: str | None = None
    location: Point | None = None
    location_type: int = 0
    platform_code: str | None = None
    wheelchair_boarding: int | None = None
    has_parent_station: Annotated[str | None, Relationship()] = None
    served_by: Annotated[tuple[str, ...] | None, Relationship()] = None


class GtfsRoute(Entity):
    """A group of trips shown to passengers as one service (GTFS routes.txt).

    Attributes:
        route_type: GTFS code: 0 tram, 1 metro, 2 rail, 3 bus, 4 ferry, …
        route_color: six hexadecimal digits, without ``#``.
    """

    entity_type = "GtfsRoute"

    route_id: str
    name: str
    names: dict[str, str] | None = None
    short_name: str | None = None
    description: str | None = None
    route_type: int
    route_color: str | None = None
    route_text_color: str | None = None
    operator: str | None = None


class Vehicle(Entity):
    """A vehicle in service, where it is now (GTFS-Realtime VehiclePosition).

    Attributes:
        fleet_vehicle_id: the operator's own id of the vehicle.
        heading: degrees clockwise from true north.
        occupancy_status: GTFS-Realtime OccupancyStatus in words.
        current_status: towards ``stop``: INCOMING_AT, STOPPED_AT or IN_TRANSIT_TO.
    """

    entity_type = "Vehicle"

    fleet_vehicle_id: str
    vehicle_type: str = "bus"
    label: str | None = None
    vehicle_plate_identifier: str | None = None
    location: Point | None = None
    speed: Annotated[float | None, Unit("KMH")] = None
    heading: Annotated[float | None, Unit("DD")] = None
    route: Annotated[str | None, Relationship()] = None
    route_id: str | None = None
    trip_id: str | None = None
    stop: Annotated[str | None, Relationship()] = None
    current_status: str | None = None
    occupancy_status: str | None = None


class Period(Value):
    """From ``start`` until ``end``; an open side is absent."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class ServiceAlert(Entity):
    """A disruption of public transport (GTFS-Realtime Alert). Not a danger to life: see ``Alert``.

    Attributes:
        alert_id: the feed entity's id.
        cause, effect: GTFS-Realtime words, such as CONSTRUCTION, DETOUR.
        names, descriptions: the texts by language; ``und`` where the feed does not say.
        routes, stops, trips, agencies: ids, as in GTFS, of what is affected.
    """

    entity_type = "ServiceAlert"

    alert_id: str
    cause: str
    effect: str
    severity: str
    header: str | None = None
    description: str | None = None
    headers: dict[str, str] | None = None
    descriptions: dict[str, str] | None = None
    url: str | None = None
    active: tuple[Period, ...] = ()
    routes: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    trips: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()


class Departure(Value):
    """One departure of a trip from a stop.

    Attributes:
        scheduled: by the timetable, in the agency's time zone; absent for an added trip.
        expected: by the realtime feed; equals ``scheduled`` where it says nothing.
        delay_seconds: positive is late; absent without realtime data.
        status: ``scheduled`` (no realtime data), ``on-time``, ``late``, ``early``, ``added``,
            ``cancelled`` (the trip does not run) or ``skipped`` (it does not stop here).
        service_date: of the trip, ``YYYY-MM-DD``; before today where a trip runs past midnight.
        exact: False where the timetable promises only a headway (GTFS ``exact_times=0``).
    """

    stop_id: str
    stop_name: str
    route_id: str
    route_name: str
    trip_id: str
    headsign: str | None = None
    scheduled: AwareDatetime | None = None
    expected: AwareDatetime
    delay_seconds: int | None = None
    status: str
    service_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    exact: bool = True
    platform_code: str | None = None


ENTITIES: Final[tuple[type[Entity], ...]] = (GtfsStop, GtfsRoute, Vehicle, ServiceAlert)
EVENTS: Final[dict[str, type[BaseModel]]] = {}
