"""The open API ``/mobility/v1``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from connectors.geo import Place, distance, place
from connectors.mobility.city import City
from connectors.mobility.shapes import MEDIA_TYPE, RouteShapes, route_shapes
from connectors.mobility.transport import Transport
from connectors.page import Limit, Offset, Page, answer, page, page_of, shown
from schemas.kit.cached import cached
from schemas.mobility import Departure, GtfsRoute, GtfsStop, ServiceAlert, Vehicle
from schemas.ngsild import URN_PREFIX, Entity, Point
from schemas.problem import BadRequest, Fault, NotFound, Unavailable
from schemas.xcity import operation

_SCOPE = "mobility:read"
_STOPS, _DEPARTURES = "mobility-stops", "mobility-departures"
_STOPS_KEPT = operation(_SCOPE, dataset=_STOPS, priority="essential", cache=True)
_ROUTES_KEPT = operation(_SCOPE, dataset=_STOPS, cache=True)

Near = Annotated[str, Query(max_length=60, description="latitude,longitude")]
Radius = Annotated[float, Query(gt=0, le=50_000, description="Metres around `near`.")]

E = TypeVar("E", bound=Entity)
L = TypeVar("L", GtfsStop, Vehicle)


def mobility_router(transport: Transport) -> APIRouter:
    router = APIRouter(tags=["mobility"])

    @router.get(
        "/stops",
        operation_id="listStops",
        summary="Stops, or those near a place, nearest first",
        response_model=page_of(GtfsStop),
        openapi_extra=_STOPS_KEPT,
    )
    async def list_stops(
        near: Near = "", radius: Radius = 1000.0, limit: Limit = 100, offset: Offset = 0
    ) -> Response:
        stops: list[GtfsStop] = list(_city(transport).stops.values())
        return _kept(page(_near(stops, near, radius), limit, offset))

    @router.get(
        "/stops/{stop}",
        operation_id="getStop",
        summary="One stop, by its GTFS id or entity id",
        response_model=shown(GtfsStop),
        openapi_extra=_STOPS_KEPT,
    )
    async def get_stop(stop: str) -> Response:
        return _kept(answer(_find(_city(transport).stops, stop, "stop").as_keyvalues()))

    @router.get(
        "/stops/{stop}/departures",
        operation_id="listDepartures",
        summary="What leaves a stop, from now or from `at` on, soonest first",
        description="Times are the agency's local time with its offset. A station has the "
        "departures of all its stops. `total` counts this answer: a timetable has no end.",
        response_model=Page[Departure],
        openapi_extra=operation(_SCOPE, dataset=_DEPARTURES, priority="essential"),
    )
    async def list_departures(
        stop: str,
        at: Annotated[
            AwareDatetime | None, Query(description="RFC 3339 with offset; now without.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 20,
        offset: Annotated[int, Query(ge=0, le=1000)] = 0,
    ) -> Response:
        city = _city(transport)
        found = _find(city.stops, stop, "stop")
        since = _sane(at) if at else transport.clock()
        departures = city.departures(found.stop_id, since, transport.updates, limit + offset)
        return page(departures, limit, offset)

    @router.get(
        "/routes",
        operation_id="listRoutes",
        summary="Routes",
        response_model=page_of(GtfsRoute),
        openapi_extra=_ROUTES_KEPT,
    )
    async def list_routes(limit: Limit = 100, offset: Offset = 0) -> Response:
        return _kept(page(list(_city(transport).routes.values()), limit, offset))

    @router.get(
        "/shapes",
        operation_id="getShapes",
        summary="Where the routes go, as GeoJSON lines",
        description="RFC 7946: one feature a route. Its lines are those of shapes.txt that most of "
        "its trips follow; without shapes it goes straight from stop to stop.",
        response_model=RouteShapes,
        openapi_extra=_ROUTES_KEPT,
    )
    async def get_shapes() -> Response:
        body = orjson.dumps(route_shapes(_city(transport)))
        return _kept(Response(body, media_type=MEDIA_TYPE))

    @router.get(
        "/routes/{route}",
        operation_id="getRoute",
        summary="One route, by its GTFS id or entity id",
        response_model=shown(GtfsRoute),
        openapi_extra=_ROUTES_KEPT,
    )
    async def get_route(route: str) -> Response:
        return _kept(answer(_find(_city(transport).routes, route, "route").as_keyvalues()))

    @router.get(
        "/vehicles",
        operation_id="listVehicles",
        summary="Vehicles in service and where they are now",
        response_model=page_of(Vehicle),
        openapi_extra=operation(_SCOPE, dataset="mobility-vehicles"),
    )
    async def list_vehicles(
        route: Annotated[str, Query(max_length=256, description="Only of this GTFS route.")] = "",
        near: Near = "",
        radius: Radius = 1000.0,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        moving = [v for v in transport.vehicles() if not route or v.route_id == route]
        return page(_near(moving, near, radius), limit, offset)

    @router.get(
        "/alerts",
        operation_id="listServiceAlerts",
        summary="Disruptions of public transport",
        response_model=page_of(ServiceAlert),
        openapi_extra=operation(_SCOPE, dataset="mobility-service-alerts"),
    )
    async def list_alerts(limit: Limit = 100, offset: Offset = 0) -> Response:
        return page(transport.alerts(), limit, offset)

    return router


def _kept(response: Response) -> Response:
    """A timetable holds for days; a new one must be seen soon."""
    return cached(response, seconds=5, stale=10, on_error=86_400)


def _sane(at: datetime) -> datetime:
    if not 2000 <= at.year < 2200:
        fault = Fault("query at", f"The year {at.year} is not one that buses run in.")
        raise BadRequest("No timetable reaches there.", faults=[fault])
    return at


def _city(transport: Transport) -> City:
    if transport.city is None:
        raise Unavailable(
            "No timetable has been read yet; /mobility/v1/feeds says why.",
            headers={"retry-after": "5"},
        )
    return transport.city


def _find(among: dict[str, E], given: str, what: str) -> E:
    """An entity by its GTFS id, or by its entity id, percent-encoded once or twice."""
    local = given.split(":", 4)[-1] if given.startswith(URN_PREFIX) else given
    found = among.get(local) or among.get(unquote(local))
    if found is None:
        raise NotFound(f"There is no {what} {given[:200]!r} in the timetable.")
    return found


def _near(found: Iterable[L], near: str, radius: float) -> list[L]:
    if not near:
        return list(found)
    here: Place = place(near)
    away = ((_away(here, each.location), each) for each in found)
    within = [(metres, each) for metres, each in away if metres <= radius]
    return [each for _, each in sorted(within, key=lambda pair: pair[0])]


def _away(here: Place, there: Point | None) -> float:
    return distance(here, (there.latitude, there.longitude)) if there else float("inf")
