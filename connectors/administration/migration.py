"""Net migration of Tokyo (東京都の転入超過数): what is computed, and where the source disagrees.

The figures are the source's (seed §2; 住民基本台帳人口移動報告, Japanese nationals). Sums,
differences and percentages are computed here, never copied; a figure that the source states and
that its own numbers do not bear out is published beside the computed one, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

AREA: Final = ("130001", "東京都", "Tokyo")
SOURCE: Final = "住民基本台帳人口移動報告, 2019-01 to 2021-01, Japanese nationals (seed §2)"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the source prints.

    Attributes:
        months: year → net migration January to December, persons; None is not yet published.
        inward, outward: year → in-migrants 転入者数, out-migrants 転出者数.
        stated: name of a derived figure → what the source says it is.
    """

    months: Mapping[int, tuple[int | None, ...]]
    inward: Mapping[int, int]
    outward: Mapping[int, int]
    stated: Mapping[str, int]


TOKYO: Final = Figures(
    months={
        2019: (3741, 4053, 40568, 15609, 4792, 3437, 1621, 3398, 3098, 2554, 2151, 1553),
        2020: (3146, 4525, 41902, 7049, -509, 2096, -2144, -4011, -3084, -2506, -3690, -4400),
        2021: (-1334, *(None,) * 11),
    },
    inward={2019: 427_307, 2020: 401_168},
    outward={2019: 340_372, 2020: 362_794},
    stated={
        "net-2019": 86_575,
        "net-2020": 38_374,
        "net-change": -48_201,
        "net-change-percent": -56,
        "in-change": -26_139,
        "in-change-percent": -6,
        "out-change": 22_062,
        "out-change-percent": 6,
        "negative-months": 7,
    },
)


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A figure of the source that its other figures do not bear out.

    Attributes:
        figure: its name in :attr:`Figures.stated`.
        rule: how it was computed.
    """

    figure: str
    stated: int
    computed: int
    rule: str


@dataclass(frozen=True, slots=True)
class Misprint:
    """One printed number, with two digits exchanged, that would make every figure agree."""

    figure: str
    printed: int
    likely: int


def annual(figures: Figures, year: int) -> int | None:
    """Sum of a year's months; None while one is not published (which is not zero)."""
    months = figures.months[year]
    published = [value for value in months if value is not None]
    return sum(published) if len(published) == 12 == len(months) else None


def balance(figures: Figures, year: int) -> int | None:
    """In-migrants minus out-migrants of a year; None where the source does not give both."""
    if year not in figures.inward or year not in figures.outward:
        return None
    return figures.inward[year] - figures.outward[year]


def percent(change: int, base: int, places: int = 1) -> Decimal:
    """``change`` in percent of ``base``, rounded half away from zero."""
    exponent = Decimal(1).scaleb(-places)
    return (Decimal(change) * 100 / Decimal(base)).quantize(exponent, ROUND_HALF_UP)


def series(figures: Figures) -> Iterator[tuple[str, int | None]]:
    """(``YYYY-MM``, net) of every month in order."""
    for year in sorted(figures.months):
        for month, value in enumerate(figures.months[year], start=1):
            yield f"{year}-{month:02d}", value


def longest_negative_run(months: Iterable[tuple[str, int | None]]) -> tuple[str, str, int]:
    """First month, last month and length of the longest run of net out-migration."""
    best: list[str] = []
    run: list[str] = []
    for month, value in months:
        run = [*run, month] if value is not None and value < 0 else []
        best = run if len(run) > len(best) else best
    return (best[0], best[-1], len(best)) if best else ("", "", 0)


def computed(figures: Figures, base: int, year: int) -> dict[str, tuple[int, str]]:
    """Every derived figure → (value, rule), for ``year`` compared with ``base``."""
    found: dict[str, tuple[int, str]] = {}
    for one in (base, year):
        months, difference = annual(figures, one), balance(figures, one)
        if months is not None:
            found[f"net-{one}"] = (months, "sum of the twelve months")
        if difference is not None:
            found[f"net-{one} (in - out)"] = (difference, "in-migrants minus out-migrants")
    before, after = annual(figures, base), annual(figures, year)
    if before is not None and after is not None:
        found |= _change("net", before, after)
    for name, values in (("in", figures.inward), ("out", figures.outward)):
        found |= _change(name, values[base], values[year])
    length = longest_negative_run(series(figures))[2]
    found["negative-months"] = (length, "longest run of months below zero")
    return found


def _change(name: str, before: int, after: int) -> dict[str, tuple[int, str]]:
    change = after - before
    share = int(percent(change, before, places=0))
    return {
        f"{name}-change": (change, f"{after} - {before}"),
        f"{name}-change-percent": (share, f"{change} / {before}, rounded to whole percent"),
    }


def inconsistencies(figures: Figures, base: int = 2019, year: int = 2020) -> list[Inconsistency]:
    """Every stated figure that differs from what the source's other figures give."""
    return [
        Inconsistency(name, figures.stated[stated], value, rule)
        for name, (value, rule) in computed(figures, base, year).items()
        if (stated := name.partition(" ")[0]) in figures.stated and figures.stated[stated] != value
    ]


def misprints(figures: Figures, base: int = 2019, year: int = 2020) -> list[Misprint]:
    """Printed in- and out-migrant counts that, with two digits exchanged, settle everything."""
    if not inconsistencies(figures, base, year):
        return []
    return [
        Misprint(f"{name}-{when}", printed, likely)
        for name, values in (("in", figures.inward), ("out", figures.outward))
        for when, printed in values.items()
        for likely in sorted(_exchanged(printed))
        if not inconsistencies(_with(figures, name, when, likely), base, year)
    ]


def _with(figures: Figures, name: str, year: int, value: int) -> Figures:
    if name == "in":
        return replace(figures, inward={**figures.inward, year: value})
    return replace(figures, outward={**figures.outward, year: value})


def _exchanged(number: int) -> set[int]:
    """``number`` with each pair of neighbouring digits exchanged."""
    digits = str(number)
    pairs = range(len(digits) - 1)
    return {int(digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :]) for i in pairs} - {number}
