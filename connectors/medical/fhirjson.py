"""FHIR's JSON without loss: what was sent comes out with the same digits.

In FHIR ``1.0`` and ``1.00`` are different decimals (FHIR R4 §2.24.0.1: precision is kept), so
numbers with a fraction are read as :class:`~decimal.Decimal` and written as they were read.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import orjson

from schemas.problem import Fault, Unprocessable

MEDIA_TYPE: Final = "application/fhir+json"
DEPTH: Final = 60
"""Most levels of nesting; FHIR's own resources stay under 20."""

_SAFE_INTEGER = 18  # digits; larger integers are kept as Decimal


def loads(raw: bytes) -> Any:
    """FHIR JSON → Python values, decimals exact.

    Raises:
        Unprocessable: not JSON in UTF-8, nested too deeply, or a property is there twice.
    """
    text = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        # the strict reader first: it refuses wrong UTF-8, lone surrogates, NaN, deep nesting
        _refuse_deep(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        fault = Fault(where, f"Not JSON: {error.msg}.", "Send the whole resource as UTF-8 JSON.")
        raise Unprocessable("The document is not FHIR JSON.", faults=[fault]) from error
    return json.loads(text, parse_float=Decimal, parse_int=_integer, object_pairs_hook=_once_each)


def dumps(value: Any) -> bytes:
    """The inverse of :func:`loads`: same order, same digits, no white space."""
    return orjson.dumps(value, default=_digits)


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"not JSON: {type(value).__name__}")


def _integer(text: str) -> int | Decimal:
    return Decimal(text) if len(text) > _SAFE_INTEGER or text == "-0" else int(text)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        fault = Fault(twice, "This property is there more than once in one object.")
        raise Unprocessable("The body is not acceptable FHIR JSON.", faults=[fault])
    return found


def _refuse_deep(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise Unprocessable(f"The JSON is nested more than {DEPTH} levels deep.")
        level = [
            child for item in level for child in _children(item) if isinstance(child, dict | list)
        ]


def _children(item: Any) -> Any:
    return item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
