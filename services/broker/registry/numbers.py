"""Ranges and steps of numbers in two schemas."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from services.broker.registry.shape import types_of

_Bound = tuple[float, bool]
"""A limit, and whether it is itself outside."""


def number_gaps(wide: dict[str, Any], narrow: dict[str, Any]) -> Iterator[str]:
    """What ``narrow`` lets in of numbers that ``wide`` does not."""
    if _lowest(narrow) < _lowest(wide):
        yield f"may be lower than {_lowest(wide)[0]}"
    if _highest(narrow) > _highest(wide):
        yield f"may be higher than {_highest(wide)[0]}"
    step = wide.get("multipleOf")
    if step is not None and not _is_multiple(narrow, step):
        yield f"may be no multiple of {step}"


def _lowest(schema: dict[str, Any]) -> _Bound:
    return max(
        (schema.get("minimum", -math.inf), False), (schema.get("exclusiveMinimum", -math.inf), True)
    )


def _highest(schema: dict[str, Any]) -> _Bound:
    # at one limit, that which is itself outside is the lower: `False` sorts before `True`
    above = (schema.get("exclusiveMaximum", math.inf), False)
    return min((schema.get("maximum", math.inf), True), above)


def _is_multiple(narrow: dict[str, Any], step: float) -> bool:
    own = narrow.get("multipleOf")
    if own is None and "number" not in types_of(narrow):
        own = 1
    return own is not None and (Fraction(str(own)) / Fraction(str(step))).denominator == 1
