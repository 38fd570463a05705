"""Public transport as it is now: what the feeds said last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from connectors.feed import Feed, FeedSpec
from connectors.mobility import sample
from connectors.mobility.city import City, parse_city
from connectors.mobility.entities import service_alerts, vehicles
from connectors.mobility.realtime import Message, parse_realtime
from connectors.mobility.updates import Updates, parse_trip_updates
from schemas.mobility import Vehicle
from schemas.ngsild import Entity

_PROTOBUF: Final = ("application/x-protobuf", "application/octet-stream")
_MOST_MESSAGE: Final = 16 * 1024 * 1024

Declare = Callable[[FeedSpec[Any]], Feed[Any]]


class Transport:
    """Timetable, vehicles, trip updates and service alerts; the feeds are named as GTFS names them.

    Args:
        declare: makes the feed of a specification.
        clock: the time now, aware.
    """

    def __init__(self, declare: Declare, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._city = declare(
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
        self._vehicles = declare(
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
        self._updates = declare(
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
        self._alerts = declare(
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
