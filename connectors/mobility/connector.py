"""The mobility connector: GTFS and GTFS Realtime in; stops, routes, departures, vehicles out."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.mobility.api import mobility_router
from connectors.mobility.transport import Transport
from schemas.xcity import ApiInfo, Dataset

_GTFS: Final = "https://gtfs.org/documentation/schedule/reference/"
_REALTIME: Final = "https://gtfs.org/documentation/realtime/reference/"

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
    info = ApiInfo(domain="mobility", title_ja="移動", datasets=DATASETS)
    title = "Mobility"
    description = "Public transport: stops, routes, departures now, vehicles, service alerts."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.transport = Transport(self.feed, self.clock)

    def router(self) -> APIRouter:
        return mobility_router(self.transport)
