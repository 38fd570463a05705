"""The net-migration data set as the open API answers it, and as the broker is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from connectors.administration import migration
from connectors.administration.migration import AREA, SOURCE, Figures
from schemas.administration import MonthlyNet, NetMigration
from schemas.ngsild import Value, urn

Percent = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class Month(Value):
    """Net migration of a month; None is *not yet published*, never zero."""

    month: str
    net: int | None


class Year(Value):
    """A year.

    Attributes:
        months_published: of twelve.
        net: sum of the months; None while not all are published.
        in_migrants, out_migrants: as the source gives them.
        balance: in-migrants minus out-migrants.
        stated_net: what the source says the year's net migration is.
    """

    year: int
    months_published: int
    net: int | None
    in_migrants: int | None
    out_migrants: int | None
    balance: int | None
    stated_net: int | None


class Change(Value):
    """How a figure changed between two years; percent of the earlier year, one decimal."""

    figure: str
    before: int
    after: int
    change: int
    percent: Percent
    stated_change: int | None
    stated_percent: int | None


class Run(Value):
    """The longest run of months with net out-migration."""

    first: str
    last: str
    months: int
    stated_months: int | None


class Disagreement(Value):
    """A stated figure that the source's other figures do not bear out."""

    figure: str
    stated: int
    computed: int
    rule: str


class LikelyMisprint(Value):
    """A printed count that, with two neighbouring digits exchanged, would settle everything."""

    figure: str
    printed: int
    likely: int


class NetMigrationDataset(Value):
    """Net migration (転入超過数) by month, with everything derived computed here."""

    area: str
    area_name: str
    area_name_en: str
    unit: str = "persons"
    source: str
    months: tuple[Month, ...]
    years: tuple[Year, ...]
    changes: tuple[Change, ...]
    negative_run: Run
    inconsistencies: tuple[Disagreement, ...]
    likely_misprints: tuple[LikelyMisprint, ...]


def dataset(figures: Figures, base: int = 2019, year: int = 2020) -> NetMigrationDataset:
    """The data set, with ``year`` compared with ``base``."""
    first, last, length = migration.longest_negative_run(migration.series(figures))
    code, name, english = AREA
    return NetMigrationDataset(
        area=code,
        area_name=name,
        area_name_en=english,
        source=SOURCE,
        months=tuple(Month(month=m, net=net) for m, net in migration.series(figures)),
        years=tuple(_year(figures, one) for one in sorted(figures.months)),
        changes=tuple(_changes(figures, base, year)),
        negative_run=Run(
            first=first,
            last=last,
            months=length,
            stated_months=figures.stated.get("negative-months"),
        ),
        inconsistencies=tuple(
            Disagreement(figure=i.figure, stated=i.stated, computed=i.computed, rule=i.rule)
            for i in migration.inconsistencies(figures, base, year)
        ),
        likely_misprints=tuple(
            LikelyMisprint(figure=m.figure, printed=m.printed, likely=m.likely)
            for m in migration.misprints(figures, base, year)
        ),
    )


def _year(figures: Figures, year: int) -> Year:
    return Year(
        year=year,
        months_published=sum(value is not None for value in figures.months[year]),
        net=migration.annual(figures, year),
        in_migrants=figures.inward.get(year),
        out_migrants=figures.outward.get(year),
        balance=migration.balance(figures, year),
        stated_net=figures.stated.get(f"net-{year}"),
    )


def _changes(figures: Figures, base: int, year: int) -> list[Change]:
    pairs = (
        ("net", migration.annual(figures, base), migration.annual(figures, year)),
        ("in", figures.inward.get(base), figures.inward.get(year)),
        ("out", figures.outward.get(base), figures.outward.get(year)),
    )
    return [
        Change(
            figure=name,
            before=before,
            after=after,
            change=after - before,
            percent=migration.percent(after - before, before),
            stated_change=figures.stated.get(f"{name}-change"),
            stated_percent=figures.stated.get(f"{name}-change-percent"),
        )
        for name, before, after in pairs
        if before is not None and after is not None
    ]


def entities(figures: Figures) -> list[NetMigration]:
    """One entity a year, for the broker; months not yet published are not said."""
    code, name, _ = AREA
    return [
        NetMigration(
            id=urn("NetMigration", code, str(year)),
            area=code,
            area_name=name,
            year=year,
            months=tuple(
                MonthlyNet(month=f"{year}-{number:02d}", net=net)
                for number, net in enumerate(months, start=1)
                if net is not None
            ),
            net=migration.annual(figures, year),
        )
        for year, months in sorted(figures.months.items())
    ]
