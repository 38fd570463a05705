"""The disaster connector: CAP and JMA alerts, municipal shelters in; alerts and shelters out."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.disaster import sample
from connectors.disaster.alert_store import AlertStore
from connectors.disaster.alerts import Alerts
from connectors.disaster.api_alerts import alerts_router
from connectors.disaster.api_shelters import shelters_router
from connectors.disaster.document import MOST_BYTES
from connectors.disaster.index import Follower, Index, read_alert_or_index
from connectors.disaster.reader import MEDIA_TYPES, STANDARDS
from connectors.disaster.report import Report
from connectors.disaster.shelter_csv import STANDARD, parse_shelters
from connectors.disaster.shelters import Counts, Occupancy, counted_at
from connectors.feed import FeedSpec
from schemas.disaster import Shelter
from schemas.xcity import ApiInfo, Dataset

logger = logging.getLogger(__name__)

_TICK: Final = 1.0
"""Seconds between looks at what time, or another process on the same store, has changed."""

DATASETS: Final = (
    Dataset(
        id="disaster-alerts",
        title="Disaster alerts",
        title_ja="防災気象情報・緊急情報",
        description="Alerts in force; drills and tests are kept apart from real alerts.",
        update_seconds=1,
        standard="https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html",
    ),
    Dataset(
        id="disaster-shelters",
        title="Emergency shelters",
        title_ja="指定緊急避難場所・指定避難所",
        description="Where to escape to, for which kind of disaster, and how full it is.",
        update_seconds=60,
        standard="https://www.digital.go.jp/resources/open_data/municipal-standard-data-set",
    ),
)


class DisasterConnector(Connector):
    """Shelters are a feed; alerts are pushed (``POST /alerts``), or followed as a feed."""

    info = ApiInfo(domain="disaster", title_ja="防災", datasets=DATASETS)
    title = "Disaster prevention"
    description = "Alerts (CAP, JMA) and shelters. Reading is open to everybody, without a token."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        files = AlertStore(self.metadata)
        self.counts = Counts(self.store, self.metadata)
        self.alerts = Alerts(
            self.store, files, self.publisher, source=self.source_uri, clock=self.clock
        )
        self._file = self.feed(
            FeedSpec[dict[str, Shelter]](
                name="shelters",
                standard=STANDARD,
                media_types=("text/csv",),
                parse=parse_shelters,
                entities=lambda shelters: self.counts.applied(shelters.values()).values(),
                sample=sample.shelters,
                interval=10.0,
                limit=16 * 1024 * 1024,
            )
        )
        self.feed(
            FeedSpec[Report | Index](
                name="alerts",
                standard=f"{STANDARDS}, or an Atom index of such",
                media_types=MEDIA_TYPES,
                parse=read_alert_or_index,
                take=self._take,
                interval=10.0,
                limit=MOST_BYTES,
            )
        )
        self._follower = Follower(context.sources.get("alerts", ""), self._accept)
        self._of: dict[str, Shelter] | None = None
        self._now: dict[str, Shelter] = {}
        self._ticking: asyncio.Task[None] | None = None

    async def _take(self, found: Report | Index) -> int:
        if isinstance(found, Index):
            return await self._follower.follow(found)
        return int(await self._accept(found))

    async def _accept(self, report: Report) -> bool:
        return (await self.alerts.accept(report))[1]

    def router(self) -> APIRouter:
        router = APIRouter()
        router.include_router(alerts_router(self.alerts))
        router.include_router(shelters_router(self.shelters, self.count))
        return router

    async def opened(self) -> None:
        await self.counts.refresh()

    async def started(self) -> None:
        self._ticking = asyncio.create_task(self._tick(), name="disaster: expiry and counts")

    async def stopping(self) -> None:
        if self._ticking:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def stop(self) -> None:
        await super().stop()
        await self._follower.close()  # after the feeds, which may still be following

    async def _tick(self) -> None:
        failing = False
        while True:
            try:
                await self.alerts.expire()
                if await self.counts.refresh():
                    self._of = None
                failing = False
            except Exception as error:
                # a store that is away for a while must not end the looking for good
                if not failing:
                    logger.warning("disaster: cannot look at the store: %r", error)
                failing = True
            await asyncio.sleep(_TICK)

    def shelters(self) -> dict[str, Shelter]:
        """Every shelter as it is now, by the municipality's id."""
        file = self._file.value or {}
        if self._of is not file:
            self._of, self._now = file, self.counts.applied(file.values())
        return self._now

    async def count(self, shelter: Shelter, count: Occupancy) -> Shelter:
        """Take a count: written and published in one transaction."""
        at = self.clock()
        counted = counted_at(shelter, count, at)
        known = Occupancy(occupants=counted.occupants, open=counted.open)
        async with self.store.write() as connection:
            await self.counts.put(connection, shelter.shelter_id, known, at)
            await self.publisher.say(connection, entities=[counted])
        self.publisher.outbox.wake()
        await self.counts.refresh()
        self._of = None
        return counted
