"""The education connector: see README.md."""

from __future__ import annotations

from typing import ClassVar

from fastapi import APIRouter

from connectors.base import Connector, Context
from connectors.education import sample
from connectors.education.api import enrolments_router, schools_router
from connectors.education.oneroster import STANDARD
from connectors.education.roster import Roster, parse
from connectors.feed import FeedSpec
from connectors.links import Links, links_table
from connectors.names import Names, names_table
from schemas.education import Enrolment, School
from schemas.xcity import ApiInfo, DataField, Dataset, LegalClass

ONEROSTER: FeedSpec[Roster] = FeedSpec(
    name="oneroster",
    standard=STANDARD,
    media_types=("application/zip",),
    parse=parse,
    entities=Roster.entities,
    sample=sample.oneroster,
    interval=3600.0,
    limit=128 * 1024 * 1024,
)


def _of_enrolments(name: str, title: str, title_ja: str, *members: str) -> DataField:
    """Paths in a page of enrolments."""
    inside = (f"items.{member}" for member in members)
    paths = ("total", "limit", "offset", "items.type", *inside)
    return DataField(id=name, title=title, title_ja=title_ja, paths=paths)


class EducationConnector(Connector):
    info: ClassVar[ApiInfo] = ApiInfo(
        domain="education",
        title_ja="教育",
        datasets=(
            Dataset(id="schools", title="Schools", title_ja="学校一覧", standard=STANDARD),
            Dataset(
                id="enrolments",
                title="A learner's own enrolments",
                title_ja="本人の在籍・履修",
                title_easy="学校の 記録",
                licence="",
                legal_class=LegalClass.PERSONAL,
                standard=STANDARD,
                fields=(
                    _of_enrolments("school", "School", "学校", "school", "schoolName", "role"),
                    _of_enrolments(
                        "courses",
                        "Classes and subjects",
                        "クラスと科目",
                        "className",
                        "courseName",
                        "courseCode",
                        "subjects",
                    ),
                    _of_enrolments("period", "When", "期間", "terms", "beginDate", "endDate"),
                ),
            ),
        ),
    )
    title = "Education"
    description = "Schools (open), and a learner's own enrolments (personal)."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.oneroster = self.feed(ONEROSTER)
        links = links_table(self.metadata)
        self.names = Names(self.store, names_table(self.metadata), self.domain, (links,))
        self.links = Links(self.store, links, self.domain, self.names)

    def router(self) -> APIRouter:
        made = schools_router(self.schools)
        made.include_router(enrolments_router(self.enrolments, self.links))
        made.include_router(self.links.router())
        made.include_router(self.names.router())
        return made

    def schools(self) -> tuple[School, ...]:
        roster: Roster | None = self.oneroster.value
        return roster.schools if roster else ()

    def enrolments(self, user: str) -> tuple[Enrolment, ...]:
        """Enrolments of the person with this ``sourcedId``."""
        roster: Roster | None = self.oneroster.value
        return roster.enrolments.get(user, ()) if roster else ()
