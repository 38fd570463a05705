"""Moments as NGSI-LD writes them (GS CIM 009 §4.6.3)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from schemas.ngsild import timestamp
from services.broker.context.errors import BadRequestData

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def as_datetime(text: object, where: str) -> str:
    """A DateTime in UTC.

    What is in UTC already stays as it is written, but for a decimal comma; an offset, which the
    standard does not have, is understood and turned into UTC.

    Args:
        where: of what is refused.

    Raises:
        BadRequestData: it is none.
    """
    found = _in_utc(text) if isinstance(text, str) else ""
    if not found:
        raise BadRequestData(
            f"{where}: {str(text)[:40]!r} is no DateTime, such as 2026-01-31T23:59:59Z."
        )
    return found


@lru_cache(maxsize=4096)  # what is observed together says the same moment
def _in_utc(text: str) -> str:
    """Empty when it is none."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return ""
    written = text.replace(",", ".")
    try:
        moment = datetime.fromisoformat(written)
        return written if match[1] == "Z" else timestamp(moment)
    except (ValueError, OverflowError):
        return ""
