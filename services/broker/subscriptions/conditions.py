"""What a subscription asks of entities, checked: EntitySelector, q, GeoQuery, scopeQ.

GS CIM 009 §5.2.33, §4.9, §5.2.13, §4.19.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.geoquery import parse_geoquery
from services.broker.context.jsonld import Context
from services.broker.context.patterns import check_pattern
from services.broker.context.q import parse_q
from services.broker.context.q_sql import checked_patterns
from services.broker.context.scope_query import parse_scope_query
from services.broker.context.selection import parse_type_selection
from services.broker.subscriptions import fields
from services.broker.subscriptions.fields import Check, array_of
from services.broker.subscriptions.names import rewritten


def _types(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    parse_type_selection(written, context)
    return written if written == "*" else rewritten(written, context.expand)


def _ids(value: Any, where: str, context: Context) -> str | list[str]:
    if isinstance(value, list):
        ids: list[str] = array_of(fields.uri)(value, where, context)
        return ids
    return fields.uri(value, where, context)


def _pattern(value: Any, where: str, context: Context) -> str:
    return check_pattern(fields.text(value, where, context), where)


def selector(value: Any, where: str, context: Context) -> dict[str, Any]:
    """EntitySelector (§5.2.33)."""
    found = fields.members(value, _SELECTOR, where, context)
    fields.needs(found, where, "type")
    return found


def q(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    checked_patterns(parse_q(written))
    return written


def scope_q(value: Any, where: str, context: Context) -> str:
    written = fields.text(value, where, context)
    parse_scope_query(written)
    return written


def geo_q(value: Any, where: str, context: Context) -> dict[str, Any]:
    """GeoQuery (§5.2.13); coordinates are kept as they were written."""
    found = fields.members(value, _GEO, where, context)
    fields.needs(found, where, "georel", "geometry", "coordinates")
    parse_geoquery(
        found["georel"],
        found["geometry"],
        found["coordinates"],
        found.get("geoproperty", ""),
        context,
    )
    return found


def _coordinates(value: Any, where: str, context: Context) -> Any:
    if not isinstance(value, list | str) or not value:
        raise BadRequestData(f"{where}: is a JSON array.")
    return value


_SELECTOR: Final[Mapping[str, Check]] = {"type": _types, "id": _ids, "idPattern": _pattern}
_GEO: Final[Mapping[str, Check]] = {
    "georel": fields.text,
    "geometry": fields.text,
    "coordinates": _coordinates,
    "geoproperty": fields.text,
}
