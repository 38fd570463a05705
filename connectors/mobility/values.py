"""GTFS field types: https://gtfs.org/documentation/schedule/reference/#field-types."""

from __future__ import annotations

import re
from datetime import date
from math import isfinite

from connectors.faults import Faults
from connectors.mobility.tables import Row

_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_LONGEST_DAY = 10 * 24 * 3600  # seconds; the longest trips there are take days, not weeks


class Reader:
    """Reads cells; what is wrong is noted and read as None."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def required(self, row: Row, column: str) -> str:
        """An id that must be there; empty (and noted) when it is not."""
        value = row.key(column)
        if not value:
            self._faults.add(row.at(column), "A value is needed here.")
        return value

    def time(self, row: Row, column: str) -> int | None:
        """Seconds after "noon minus 12 h" of the service day; may pass 24:00:00. None if empty."""
        text = row.key(column)
        if not text:
            return None
        found = _TIME.fullmatch(text)
        seconds = (
            sum(int(n) * f for n, f in zip(found.groups(), (3600, 60, 1), strict=True))
            if (found)
            else None
        )
        if seconds is None or seconds > _LONGEST_DAY:
            self._faults.add(row.at(column), f"{text[:40]!r} is not a time.", "write HH:MM:SS")
            return None
        return seconds

    def date(self, row: Row, column: str) -> date | None:
        text = row.key(column)
        found = _DATE.fullmatch(text)
        try:
            if found:
                return date(*map(int, found.groups()))
        except ValueError:
            pass
        self._faults.add(row.at(column), f"{text[:40]!r} is not a date.", "write YYYYMMDD")
        return None

    def whole(self, row: Row, column: str, most: int, default: int | None = None) -> int | None:
        """A whole number from 0 to ``most``."""
        text = row.key(column)
        if not text and default is not None:
            return default
        if text.isascii() and text.isdigit() and len(text) <= 12 and int(text) <= most:
            return int(text)
        self._faults.add(row.at(column), f"{text[:40]!r} is not a whole number from 0 to {most}.")
        return None

    def degrees(self, row: Row, column: str, most: int) -> float | None:
        """A coordinate from −``most`` to ``most``."""
        text = row.key(column)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if isfinite(value) and -most <= value <= most:
            return value
        self._faults.add(
            row.at(column), f"{text[:40]!r} is not a coordinate from -{most} to {most}."
        )
        return None
