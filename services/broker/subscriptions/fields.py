"""The members of a subscription's JSON, one check for each kind of value.

A check takes a value, the JSON Pointer to it and the request's context, and gives what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from schemas.ngsild import timestamp
from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context
from services.broker.context.language import parse_lang
from services.broker.context.model import check_id
from services.broker.context.times import as_datetime

Check = Callable[[Any, str, Context], Any]

MOST_ITEMS: Final = 100
_MOST_TEXT: Final = 4000


def text(value: Any, where: str, context: Context) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT:
        raise BadRequestData(f"{where}: is a text of at most {_MOST_TEXT} characters.")
    return value


def boolean(value: Any, where: str, context: Context) -> bool:
    if not isinstance(value, bool):
        raise BadRequestData(f"{where}: is true or false.")
    return value


def positive(value: Any, where: str, context: Context) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value <= 1e9:
        raise BadRequestData(f"{where}: is a number greater than 0.")
    return float(value) if isinstance(value, float) else value


def positive_integer(value: Any, where: str, context: Context) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 1000:
        raise BadRequestData(f"{where}: is a whole number greater than 0.")
    return value


def uri(value: Any, where: str, context: Context) -> str:
    try:
        return check_id(value)
    except BadRequestData as error:
        raise BadRequestData(f"{where}: is a URI.") from error


def moment(value: Any, where: str, context: Context) -> str:
    """A DateTime (§4.6.3)."""
    return as_datetime(text(value, where, context), where)


def language(value: Any, where: str, context: Context) -> str:
    """A language filter (§4.15)."""
    written = text(value, where, context)
    parse_lang(written)
    return written


def attribute_name(value: Any, where: str, context: Context) -> str:
    if not isinstance(value, str):
        raise BadRequestData(f"{where}: is the name of an attribute.")
    return context.expand(value)


def one_of(*allowed: str) -> Check:
    def check(value: Any, where: str, context: Context) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise BadRequestData(f"{where}: is one of {', '.join(allowed)}.")
        return value

    return check


def array_of(check: Check) -> Check:
    """A list that is not empty."""

    def checked(value: Any, where: str, context: Context) -> list[Any]:
        if not isinstance(value, list) or not 0 < len(value) <= MOST_ITEMS:
            raise BadRequestData(f"{where}: is a list of 1 to {MOST_ITEMS}.")
        return [check(item, f"{where}/{n}", context) for n, item in enumerate(value)]

    return checked


def members(
    value: Any, checks: Mapping[str, Check], where: str, context: Context
) -> dict[str, Any]:
    """An object's known members, each checked; members that nobody knows are left out."""
    if not isinstance(value, dict):
        raise BadRequestData(f"{where or '/'}: is an object.")
    return {
        name: checks[name](item, f"{where}/{name}", context)
        for name, item in value.items()
        if name in checks
    }


def needs(found: Mapping[str, Any], where: str, *names: str) -> None:
    """Refuse an object in which a member is missing."""
    for name in names:
        if name not in found:
            raise BadRequestData(f"{where or '/'}: needs {name!r}.")


def seconds_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def as_moment(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))
