"""The administration connector: see README.md."""

from __future__ import annotations

from typing import ClassVar

from fastapi import APIRouter

from connectors.administration import facilities, procedures, sample, statistics
from connectors.administration.api import facilities_router, procedures_router, statistics_router
from connectors.administration.catalogue import Catalogue
from connectors.administration.filing_tables import FilingTables
from connectors.administration.filings_api import office_router, residents_router
from connectors.administration.migration import TOKYO
from connectors.administration.procedures import Procedure
from connectors.administration.register import Register
from connectors.base import Connector, Context
from connectors.feed import FeedSpec
from connectors.names import Names, names_table
from schemas.administration import PointOfInterest
from schemas.xcity import ApiInfo, DataField, Dataset, LegalClass

FACILITIES: FeedSpec[tuple[PointOfInterest, ...]] = FeedSpec(
    name="facilities",
    standard=facilities.STANDARD,
    media_types=("text/csv",),
    parse=facilities.parse,
    entities=lambda found: found,
    sample=sample.facilities,
    interval=3600.0,
    limit=32 * 1024 * 1024,
)

PROCEDURES: FeedSpec[dict[str, Procedure]] = FeedSpec(
    name="procedures",
    standard=procedures.STANDARD,
    media_types=("application/json",),
    parse=procedures.parse,
    sample=sample.procedures,
    interval=3600.0,
    limit=4 * 1024 * 1024,
)


def _of_filings(name: str, title: str, title_ja: str, *members: str) -> DataField:
    """Paths of a filing alone, and in a page of them."""
    inside = (f"items.{member}" for member in members)
    paths = ("total", "limit", "offset", *members, *inside)
    return DataField(id=name, title=title, title_ja=title_ja, paths=paths)


_DATASETS = (
    Dataset(
        id="public-facilities",
        title="Public facilities",
        title_ja="公共施設一覧",
        standard=facilities.STANDARD,
    ),
    Dataset(
        id="net-migration",
        title="Net migration of Tokyo, 2019-01 to 2021-01",
        title_ja="東京都の転入超過数",
        description="Monthly figures, computed sums, and where the source disagrees with itself.",
        update_seconds=2_678_400,
    ),
    Dataset(id="procedures", title="Procedures residents can file", title_ja="行政手続"),
    Dataset(
        id="filings",
        title="A resident's own filings",
        title_ja="本人の申請",
        title_easy="役所に 出した もの",
        licence="",
        legal_class=LegalClass.PERSONAL,
        fields=(
            _of_filings(
                "state",
                "What became of it, and when",
                "審査の状況と日時",
                "id",
                "state",
                "filedAt",
                "history",
            ),
            _of_filings("procedure", "Which procedure", "手続の種類", "procedure"),
            _of_filings("content", "What was filled in", "申請の内容", "fields"),
        ),
    ),
)


class AdministrationConnector(Connector):
    info: ClassVar[ApiInfo] = ApiInfo(domain="administration", title_ja="行政", datasets=_DATASETS)
    title = "Administration"
    description = "Public facilities, statistics, and procedures that residents file and follow."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.facilities = self.feed(FACILITIES)
        self.catalogue = Catalogue(self.feed(PROCEDURES))
        tables = FilingTables.declare(self.metadata)
        self.names = Names(self.store, names_table(self.metadata), self.domain, (tables.filings,))
        self.register = Register(
            self.store,
            tables,
            self.publisher,
            source=self.source_uri,
            clock=self.clock,
        )

    def router(self) -> APIRouter:
        made = facilities_router(lambda: self.facilities.value or ())
        made.include_router(statistics_router())
        made.include_router(procedures_router(self.catalogue))
        made.include_router(residents_router(self.catalogue, self.register, self.names))
        made.include_router(office_router(self.register))
        made.include_router(self.names.router())
        return made

    async def started(self) -> None:
        """Tell the broker the net-migration data set; said once, for it does not change."""
        await self.publisher.state("net-migration", statistics.entities(TOKYO))
