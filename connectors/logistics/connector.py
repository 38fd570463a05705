"""Logistics: GS1 EPCIS 2.0 events, and where each thing is and has been."""

from __future__ import annotations

from typing import ClassVar

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.feed import FeedSpec
from connectors.logistics import epcis, sample
from connectors.logistics.api import capture_router, events_router, shipments_router
from connectors.logistics.capture import Capture
from connectors.logistics.epcis import Document
from connectors.logistics.service import Reading
from connectors.logistics.shipments import Shipments
from connectors.logistics.store import Events
from connectors.logistics.tables import logistics_tables
from schemas.xcity import ApiInfo, Dataset


class LogisticsConnector(Connector):
    """The logistics domain. Its feed adds to the event log; nothing captured is ever replaced."""

    info: ClassVar[ApiInfo] = ApiInfo(
        domain="logistics",
        title_ja="物流",
        datasets=(
            Dataset(
                id="logistics-events",
                title="Supply chain events",
                title_ja="物流イベント",
                description="What was seen where, when and why, as captured.",
                update_seconds=15,
                standard="https://ref.gs1.org/standards/epcis/2.0.0/",
            ),
            Dataset(
                id="logistics-shipments",
                title="Shipments and their tracks",
                title_ja="荷物と追跡",
                description="Each parcel, pallet and item as last seen, and where it has been.",
                update_seconds=15,
                standard="https://ref.gs1.org/standards/epcis/2.0.0/",
            ),
        ),
    )
    title = "Logistics 物流"
    description = "GS1 EPCIS 2.0 events captured and queried, and the track of a shipment."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        tables = logistics_tables(self.metadata)
        events = Events(tables)
        shipments = Shipments(tables, events)
        self.reading = Reading(self.store, tables, events, shipments)
        self.capture = Capture(
            self.store, tables, events, shipments, self.publisher, self.source_uri, self.clock
        )
        self.feed(
            FeedSpec(
                name="epcis",
                standard="GS1 EPCIS 2.0 JSON-LD",
                media_types=epcis.MEDIA_TYPES,
                parse=epcis.parse,
                take=self._take,
                sample=sample.document,
                interval=15.0,
                limit=epcis.LIMIT,
            )
        )

    async def _take(self, document: Document) -> int:
        return (await self.capture.take(document)).fresh

    def router(self) -> APIRouter:
        router = APIRouter()
        router.include_router(capture_router(self.capture))
        router.include_router(events_router(self.reading, self.clock))
        router.include_router(shipments_router(self.reading))
        return router
