"""Which representation a caller accepts (GS CIM 009 §6.3.4; RFC 9110 §12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
GEO_JSON: Final = "application/geo+json"

_WEIGHT: Final = re.compile(r"[01](\.\d{0,3})?")


@lru_cache(maxsize=256)  # clients say the same each time
def accepted(field: str, offers: tuple[str, ...]) -> str:
    """The offer that an ``Accept`` field prefers; empty when it accepts none of them.

    Args:
        field: empty when the request has none, which accepts all.
        offers: the first is preferred where weights do not decide.
    """
    ranges = [_range(part) for part in field.split(",") if part.strip()]
    if not ranges:
        return offers[0]
    weighed = [(_weight(offer, ranges), offer) for offer in offers]
    best = max(weight for weight, _ in weighed)
    return next(offer for weight, offer in weighed if weight == best) if best else ""


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            weight = min(float(value), 1.0) if _WEIGHT.fullmatch(value.strip()) else 0.0
    return media, weight


def _weight(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """By the most specific range that the offer is in."""
    for wanted in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        weights = [weight for media, weight in ranges if media == wanted]
        if weights:
            return max(weights)
    return 0.0
