"""Canonical entities and events of the administration domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from pydantic import AwareDatetime, BaseModel

from schemas.ngsild import Entity, Point, Value
from schemas.xcity import LegalClass


class PointOfInterest(Entity):
    """A public facility (公共施設; Smart Data Models ``PointOfInterest``).

    Attributes:
        municipality: code of the local government that publishes it (全国地方公共団体コード).
        name, name_kana, name_en: 名称, 名称_カナ, 名称_英字.
        operator: who runs it (団体名).
        open_days, opens, closes, hours_note: 利用可能曜日, 開始時間, 終了時間 (``HH:MM``),
            利用可能日時特記事項.
        description: 備考.
    """

    entity_type: ClassVar[str] = "PointOfInterest"

    category: tuple[str, ...] = ("public-facility",)
    municipality: str | None = None
    name: str
    name_kana: str | None = None
    name_en: str | None = None
    address: str | None = None
    location: Point | None = None
    telephone: str | None = None
    operator: str | None = None
    open_days: str | None = None
    opens: str | None = None
    closes: str | None = None
    hours_note: str | None = None
    url: str | None = None
    description: str | None = None


class MonthlyNet(Value):
    """Net migration of one month; months that are not yet published are not there."""

    month: str
    net: int


class NetMigration(Entity):
    """Net migration of an area in a year: in-migrants minus out-migrants, persons.

    Attributes:
        area: code of the area (全国地方公共団体コード).
        net: sum of the months; absent while not all are published.
    """

    entity_type: ClassVar[str] = "NetMigration"

    area: str
    area_name: str
    year: int
    months: tuple[MonthlyNet, ...]
    net: int | None = None


FilingState = Literal["received", "in-review", "accepted", "returned"]
"""``returned``: sent back to the resident, who may file anew."""


class FilingChanged(Value):
    """A filing has reached a state. Of who filed, only the pseudonym in this domain is said (the
    event's subject); of what was filed, nothing."""

    legal_class: ClassVar[LegalClass] = LegalClass.PERSONAL
    dataset: ClassVar[str] = "filings"
    fields: ClassVar[Mapping[str, Sequence[str]]] = {
        "procedure": ("procedure",),
        "state": ("filing", "state", "at"),
    }

    filing: str
    procedure: str
    state: FilingState
    at: AwareDatetime


ENTITIES: Final[tuple[type[Entity], ...]] = (PointOfInterest, NetMigration)

FILING_RECEIVED: Final = "city.administration.filing.received"
FILING_DECIDED: Final = "city.administration.filing.decided"

EVENTS: Final[dict[str, type[BaseModel]]] = {
    FILING_RECEIVED: FilingChanged,
    FILING_DECIDED: FilingChanged,
}
