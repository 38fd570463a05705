"""For how long a fetched context may be used (RFC 9111 §4.2; GS CIM 009 §6.3.16)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

USUAL_SECONDS: Final = 3_600.0
"""Where the server says nothing (RFC 9111 §4.2.2)."""

LEAST_SECONDS: Final = 1.0
"""So that a context that may not be kept is fetched once for the requests of one moment."""

MOST_SECONDS: Final = 86_400.0


def lifetime(headers: Mapping[str, str]) -> float:
    """Seconds from now.

    Args:
        headers: of the answer, names in lower case.
    """
    return min(max(_said(headers), LEAST_SECONDS), MOST_SECONDS)


def _said(headers: Mapping[str, str]) -> float:
    said = _directives(headers.get("cache-control", ""))
    if said.keys() & {"no-store", "no-cache"}:
        return 0.0
    for name in ("s-maxage", "max-age"):
        text = said.get(name, "")
        if text.isascii() and text.isdigit():
            age = headers.get("age", "0")
            return float(text[:10]) - (float(age[:10]) if age.isascii() and age.isdigit() else 0)
    if "expires" in headers:
        return _until(headers["expires"], headers.get("date", ""))
    return USUAL_SECONDS


def _directives(text: str) -> dict[str, str]:
    parts = (part.strip().partition("=") for part in text.lower().split(","))
    return {name.strip(): value.strip(' "') for name, _, value in parts}


def _until(expires: str, date: str) -> float:
    """An Expires field that cannot be read has passed (RFC 9111 §5.3)."""
    try:
        end = parsedate_to_datetime(expires).timestamp()
        return end - (parsedate_to_datetime(date).timestamp() if date else time.time())
    except ValueError:
        return 0.0
