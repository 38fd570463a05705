"""A query in a request's parameters (GS CIM 009 §6.4.3.2), or in a body (§5.2.23) read as such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.geoquery import GeoQuery, parse_geoquery
from services.broker.context.jsonld import Context
from services.broker.context.linked import Join, parse_join
from services.broker.context.model import check_id
from services.broker.context.ordering import Order, check_collation, parse_orders
from services.broker.context.params import Params
from services.broker.context.patterns import check_pattern
from services.broker.context.q import Node, parse_q, terms
from services.broker.context.q_sql import COLUMNS, checked_patterns
from services.broker.context.q_values import expand_values
from services.broker.context.query import MOST_LIMIT, Query, Selector
from services.broker.context.scope_query import Scopes, parse_scope_query
from services.broker.context.selection import parse_type_selection

ANY_TYPE: Final = "*"
_MOST_IDS: Final = 500
_MOST_OFFSET: Final = 1_000_000
_SYSTEM: Final = frozenset((*COLUMNS, "deletedAt"))


def parse_query(params: Params, selectors: list[dict[str, Any]] | None = None) -> Query:
    """The query that a request asks.

    Args:
        selectors: ``type``, ``id`` and ``idPattern`` of each EntitySelector of a body; those of
            the parameters when None.

    Raises:
        BadRequestData: something is malformed, or nothing narrows the query down (§5.7.2.4).
        TooComplexQuery, TooManyResults: more than is answered.
    """
    get = params.given.get
    context = params.context
    chosen = [params.given] if selectors is None else selectors
    q = _q(get("q", ""), listed(get("expandValues", "")), context)
    query = Query(
        selectors=_selectors(chosen, context),
        attributes=params.names("attrs"),
        q=q,
        geo=_geo(params),
        scopes=_scopes(get("scopeQ", "")),
        order=_orders(params),
        collation=check_collation(get("collation", "")),
        personal=params.personal,
        context=context,
        limit=_limit(params),
        offset=params.number("offset", 0, _MOST_OFFSET),
        count=_count(params),
    )
    _check_links(q, parse_join(params.given))
    _check_width(params, query, chosen)
    return query


def listed(text: str) -> list[str]:
    """The parts of a comma-separated parameter."""
    return [part.strip() for part in text.split(",") if part.strip()]


def flag(params: Params, name: str) -> bool | None:
    """A Boolean parameter; None when it is not given.

    Raises:
        BadRequestData: it is neither true nor false.
    """
    text = params.given.get(name)
    if text is None:
        return None
    if text not in ("true", "false"):
        raise BadRequestData(f"{name} is true or false.")
    return text == "true"


def _selectors(chosen: list[Any], context: Context) -> list[Selector]:
    found = [_selector(selector, context) for selector in chosen]
    # one that means everything leaves nothing to choose
    return found if all(s.types.alternatives or s.ids or s.id_pattern for s in found) else []


def _selector(given: Any, context: Context) -> Selector:
    ids = [check_id(id_) for id_ in listed(given.get("id", ""))]
    if len(ids) > _MOST_IDS:
        raise BadRequestData(f"id names at most {_MOST_IDS} entities.")
    return Selector(
        types=parse_type_selection(given.get("type", ""), context),
        ids=ids,
        id_pattern=check_pattern(given.get("idPattern", ""), "idPattern"),
    )


def _q(text: str, expanded: list[str], context: Context) -> Node | None:
    if not text:
        return None
    node = parse_q(text)
    checked_patterns(node)
    return expand_values(node, expanded, context)


def _geo(params: Params) -> GeoQuery | None:
    get = params.given.get
    return parse_geoquery(
        get("georel", ""),
        get("geometry", ""),
        get("coordinates", ""),
        get("geoproperty", ""),
        params.context,
    )


def _scopes(text: str) -> Scopes:
    return parse_scope_query(text) if text else ()


def _orders(params: Params) -> list[Order]:
    get = params.given.get
    parts = listed(get("orderBy", ""))
    if parts and not _is_local(params):
        raise BadRequestData("orderBy needs local=true (§5.7.2.4).")
    return parse_orders(parts, get("orderFrom", ""), get("orderGeometry", ""))


def _limit(params: Params) -> int:
    limit = params.number("limit", 20, MOST_LIMIT)
    if limit == 0 and not _count(params):
        raise BadRequestData("limit is 0 only together with count=true.")
    return limit


def _count(params: Params) -> bool:
    return flag(params, "count") or "count" in params.options


def _is_local(params: Params) -> bool:
    return flag(params, "local") or params.given.get("type") == ANY_TYPE


def _check_links(q: Node | None, join: Join) -> None:
    """§5.7.2.4: a query goes as deep into linked entities as the answer does."""
    depth = max((len(term.links) for term in terms(q)), default=0) if q else 0
    if depth > join.depth:
        raise BadRequestData(
            f"q follows {depth} relationships: give join=inline or join=flat, and a joinLevel of at"
            f" least {depth}."
        )


def _check_width(params: Params, query: Query, chosen: Iterable[Any]) -> None:
    """§5.7.2.4: what is asked of more than this broker says what it is about."""
    any_type = any(selector.get("type") == ANY_TYPE for selector in chosen)
    local = flag(params, "local")
    if any_type and local is False:
        raise BadRequestData("type=* is local: leave out local=false.")
    attributes = set(listed(params.given.get("attrs", ""))) - _SYSTEM
    asks_values = query.q and any(term.path[0] not in _SYSTEM for term in terms(query.q))
    has_types = bool(query.selectors) and all(s.types.alternatives for s in query.selectors)
    if not (local or any_type or has_types or attributes or asks_values or query.geo):
        raise BadRequestData("Give at least one of type, attrs, q and georel, or local=true.")
