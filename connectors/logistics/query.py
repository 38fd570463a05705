"""The EPCIS 2.0 event queries (``SimpleEventQuery``, §8.2.7.1), the part served here."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select

from connectors.logistics.events import Role, date_time, micros
from connectors.logistics.tables import Tables
from connectors.logistics.vocabulary import URI, bare
from schemas.problem import BadRequest, Fault

_COLUMN_OF: Final = {
    "eventType": "type",
    "EQ_action": "action",
    "EQ_bizStep": "step",
    "EQ_disposition": "disposition",
    "EQ_readPoint": "read_point",
    "EQ_bizLocation": "location",
    "EQ_eventID": "id",
}
_ROLES_OF: Final[dict[str, tuple[Role, ...]]] = {
    "MATCH_epc": ("epc", "child"),
    "MATCH_parentID": ("parent",),
    "MATCH_inputEPC": ("input",),
    "MATCH_outputEPC": ("output",),
    "MATCH_anyEPC": ("epc", "child", "parent", "input", "output"),
}
_TIMES: Final = {"eventTime": "time", "recordTime": "recorded"}
_PATTERN: Final = "urn:epc:idpat:"
_VALUE = re.compile(r"[^\x00-\x20\x7f]{1,512}")
_MOST_VALUES: Final = 100

PARAMETERS: Final = frozenset(
    (*_COLUMN_OF, *_ROLES_OF, *(f"{op}_{t}" for op in ("GE", "LT") for t in _TIMES))
)
"""Every query parameter; ``perPage`` and ``nextPageToken`` are the page's."""


def build(
    tables: Tables, parameters: Mapping[str, Iterable[str]], after: str | None, limit: int
) -> Select[tuple[object, ...]]:
    """The statement for a query, in order of event time.

    Args:
        parameters: name → values; several values are alternatives, several names all hold.
        after: the ``nextPageToken`` of the page before.

    Raises:
        BadRequest: a parameter or value that the query language does not have.
    """
    conditions = [
        _condition(tables, name, list(values)) for name, values in parameters.items() if values
    ]
    events = tables.events
    if after:
        time, id_ = read_token(after)
        conditions.append(or_(events.c.time > time, and_(events.c.time == time, events.c.id > id_)))
    query = select(events.c.time, events.c.id, events.c.body, events.c.context)
    return query.where(*conditions).order_by(events.c.time, events.c.id).limit(limit)


def _condition(tables: Tables, name: str, values: list[str]) -> ColumnElement[bool]:
    if len(values) > _MOST_VALUES:
        raise _refused(name, f"has more than {_MOST_VALUES} values")
    if not all(_VALUE.fullmatch(value) for value in values):
        raise _refused(name, "has a value that is empty, too long, or no text")
    if name in _COLUMN_OF:
        column = tables.events.c[_COLUMN_OF[name]]
        return column.in_([bare(value) for value in values])
    if name in _ROLES_OF:
        return _matches(tables, name, values)
    operator, _, field = name.partition("_")
    if operator in ("GE", "LT") and field in _TIMES:
        return _time(tables.events.c[_TIMES[field]], name, values)
    raise _refused(
        name, "is no parameter of this query", f"there are {', '.join(sorted(PARAMETERS))}"
    )


def _matches(tables: Tables, name: str, values: list[str]) -> ColumnElement[bool]:
    """Events naming a thing in one of the parameter's roles; EPC patterns end in ``*``."""
    things = tables.things
    for value in values:
        if not URI.fullmatch(value):
            raise _refused(name, f"{value[:80]!r} is not a URI")
    exact = things.c.epc.in_([value for value in values if not value.startswith(_PATTERN)])
    patterns = [_pattern(name, value) for value in values if value.startswith(_PATTERN)]
    prefixes = [things.c.epc.startswith(prefix, autoescape=True) for prefix in patterns]
    found = select(things.c.event).where(things.c.role.in_(_ROLES_OF[name]), or_(exact, *prefixes))
    return tables.events.c.id.in_(found)


def _pattern(name: str, value: str) -> str:
    """The prefix that a pattern such as ``urn:epc:idpat:sgtin:0614141.107346.*`` stands for."""
    prefix = value.removeprefix(_PATTERN).rstrip("*.")
    if "*" in prefix or not value.endswith(".*"):
        raise _refused(name, f"{value[:80]!r} is a pattern that is not served", "end it in .*")
    return f"urn:epc:id:{prefix}."


def _time(column: ColumnElement[int], name: str, values: list[str]) -> ColumnElement[bool]:
    try:
        (value,) = values
        bound = micros(date_time(value))
    except ValueError:
        what = "must be one date and time with an offset, as 2026-04-01T09:00:00+09:00"
        raise _refused(name, what) from None
    return column >= bound if name.startswith("GE") else column < bound


def _refused(name: str, what: str, fix: str = "") -> BadRequest:
    return BadRequest(
        "The query cannot be understood.", slug="epcis-query", faults=(Fault(name, what, fix),)
    )


def token(time: int, id_: str) -> str:
    """``nextPageToken``: opaque to clients, it says where the page ended."""
    return urlsafe_b64encode(f"{time} {id_}".encode()).rstrip(b"=").decode()


def read_token(text: str) -> tuple[int, str]:
    """The end of the page before; BadRequest when it is none of ours."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        time, _, id_ = raw.partition(" ")
        number = int(time)
    except ValueError:
        number, id_ = 0, ""
    if not -(2**62) < number < 2**62 or not URI.fullmatch(id_):
        raise _refused("nextPageToken", "was not given out here")
    return number, id_
