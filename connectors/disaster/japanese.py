"""Numbers and times as Japanese municipalities write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final
from unicodedata import normalize

JST: Final = timezone(timedelta(hours=9), "JST")
_ERAS: Final = {"令和": 2018, "平成": 1988}
_MOST = 10_000_000

_COUNT = re.compile(r"約?(\d{1,3}(?:,\d{3})+|\d+)(?:人|名)?(?:程度|以上)?(?:\(.*\))?")
_INDOORS = re.compile(r"屋内(\d[\d,]*)人")
_OUTDOORS = re.compile(r"屋外(\d[\d,]*)人")
_MOMENT = re.compile(
    r"(?:(令和|平成)(\d{1,2}|元)|(\d{4}))年(\d{1,2})月(\d{1,2})日"
    r"(?:(午前|午後)?(\d{1,2})時(?:(\d{1,2})分)?)?"
)


def whole(text: str) -> int | None:
    """``480``, ``3,350人``, ``約５００人``, ``129.0`` → a number; None where it is none."""
    plain = re.sub(r"\s", "", normalize("NFKC", text))
    plain = re.sub(r"\.0+$", "", plain)
    found = _COUNT.fullmatch(plain)
    return _bounded(found[1]) if found else None


def capacities(text: str) -> tuple[int | None, int | None] | None:
    """Persons indoors and outdoors.

    ``屋内480人／屋外3,350人(面積の1/2)`` → (480, 3350); a number alone is indoors. A text without
    any digit (``不明``, empty) is (None, None); one that cannot be understood is None.
    """
    plain = re.sub(r"\s", "", normalize("NFKC", text))
    indoors, outdoors = _INDOORS.search(plain), _OUTDOORS.search(plain)
    if indoors or outdoors:
        return (
            _bounded(indoors[1]) if indoors else None,
            _bounded(outdoors[1]) if outdoors else None,
        )
    if not any(sign.isdigit() for sign in plain):
        return None, None
    alone = whole(plain)
    return None if alone is None else (alone, None)


def _bounded(digits: str) -> int | None:
    value = int(digits.replace(",", "")[:12])
    return value if value <= _MOST else None


def moment_in(text: str) -> datetime | None:
    """The time told inside a text: ``人数_令和6年1月9日午後6時時点`` → 2024-01-09 18:00 JST."""
    found = _MOMENT.search(normalize("NFKC", text))
    if not found:
        return None
    era, of_era, year, month, day, half, hour, minute = found.groups()
    of_era = "1" if of_era == "元" else of_era
    whole_year = int(year) if year else _ERAS[era] + int(of_era)
    hours = int(hour or 0) % 12 + 12 if half == "午後" else int(hour or 0)
    try:
        return datetime(whole_year, int(month), int(day), hours, int(minute or 0), tzinfo=JST)
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """ISO 8601, or as :func:`moment_in`; without an offset it is Japan's time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return moment_in(text)
    if not 1900 < moment.year < 2200:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=JST)
