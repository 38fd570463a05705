"""The mobility connector: GTFS and GTFS Realtime in; stops, routes, departures, vehicles out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.feed import FeedSpec
from connectors.mobility import sample
from connectors.mobility.api import mobility_router
from connectors.mobility.city import City, parse_city
from connectors.mobility.entities import service_alerts, vehicles
from connectors.mobility.realtime import Message, parse_realtime
from connectors.mobility.updates import Updates, parse_trip_updates
from schemas.mobility import Vehicle
from schemas.ngsild import Entity
from schemas.xcity import ApiInfo, Dataset

_GTFS: Final = "https://gtfs.org/documentation/schedule/reference/"
_REALTIME: Final = "https://gtfs.org/documentation/realtime/reference/"
_PROTOBUF: Final = ("application/x-protobuf", "application/octet-stream")
_MOST_MESSAGE = 16 * 1024 * 1024

DATASETS: Final = (
    Dataset(
        id="mobility-stops",
        title="Public transport stops and routes",
        title_ja="公共交通の停留所・路線",
        description="Stops, stations and routes of the city's public transport.",
        standard=_GTFS,
    ),
    Dataset(
        id="mobility-departures",
        title="Departures",
        title_ja="発車案内",
        description="What leaves a stop and when, by timetable and realtime data.",
        update_seconds=30,
        standard=_REALTIME,
    ),
    Dataset(
        id="mobility-vehicles",
        title="Vehicle positions",
        title_ja="車両位置",
        description="Where the vehicles in service are now.",
        update_seconds=2,
        standard=_REALTIME,
    ),
    Dataset(
        id="mobility-service-alerts",
        title="Service alerts",
        title_ja="運行情報",
        description="Disruptions of public transport.",
        update_seconds=30,
        standard=_REALTIME,
    ),
)


class MobilityConnector(Connector):
    """See the module; its feeds are named as GTFS names them."""

    info = ApiInfo(domain="mobility", title_ja="移動", datasets=DATASETS)
    title = "Mobility"
    description = "Public transport: stops, routes, departures now, vehicles, service alerts."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._city = self.feed(
            FeedSpec[City](
                name="gtfs",
                standard="GTFS Schedule (zip)",
                media_types=("application/zip", "application/octet-stream"),
                parse=parse_city,
                entities=City.entities,
                sample=sample.gtfs,
                interval=600.0,
            )
        )
        self._vehicles = self.feed(
            FeedSpec[Message](
                name="vehicle-positions",
                standard="GTFS Realtime 2.0 VehiclePosition",
                media_types=_PROTOBUF,
                parse=lambda raw: parse_realtime(raw, "vehicle"),
                entities=lambda message: self._moving(message).values(),
                sample=sample.vehicle_positions,
                interval=2.0,
                limit=_MOST_MESSAGE,
            )
        )
        self._updates = self.feed(
            FeedSpec[Updates](
                name="trip-updates",
                standard="GTFS Realtime 2.0 TripUpdate",
                media_types=_PROTOBUF,
                parse=parse_trip_updates,
                sample=sample.trip_updates,
                interval=10.0,
                limit=_MOST_MESSAGE,
            )
        )
        self._alerts = self.feed(
            FeedSpec[Message](
                name="service-alerts",
                standard="GTFS Realtime 2.0 Alert",
                media_types=_PROTOBUF,
                parse=lambda raw: parse_realtime(raw, "alert"),
                entities=service_alerts,
                sample=sample.service_alerts,
                interval=60.0,
                limit=_MOST_MESSAGE,
            )
        )

        self._moving_of: tuple[Message | None, City | None] = (None, None)
        self._moving_now: dict[str, Vehicle] = {}

    def router(self) -> APIRouter:
        return mobility_router(self)

    # --- what the API asks

    @property
    def city(self) -> City | None:
        """The timetable; None until one was read."""
        return self._city.value

    @property
    def updates(self) -> Updates:
        return self._updates.value or Updates()

    def vehicles(self) -> Iterable[Vehicle]:
        message, city = self._vehicles.value, self.city
        if message is None:
            return ()
        if self._moving_of != (message, city):
            self._moving_of, self._moving_now = (message, city), self._moving(message)
        return self._moving_now.values()

    def alerts(self) -> list[Entity]:
        return service_alerts(self._alerts.value) if self._alerts.value else []

    def _moving(self, message: Message) -> dict[str, Vehicle]:
        return vehicles(message, self.city.timetable if self.city else None)
