"""Moments as NGSI-LD writes them (GS CIM 009 §4.6.3)."""

from __future__ import annotations

import re
from datetime import datetime
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
    match = _DATE_TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadRequestData(f"{where}: a DateTime is written as 2026-01-31T23:59:59Z.")
    written = match[0].replace(",", ".")
    try:
        moment = datetime.fromisoformat(written)
        return written if match[1] == "Z" else timestamp(moment)
    except (ValueError, OverflowError) as error:
        raise BadRequestData(f"{where}: {written!r} is no moment that there is.") from error
