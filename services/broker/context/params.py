"""What a request says besides its body: query parameters and header fields (GS CIM 009 §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from schemas.kit.caller import CallerDep
from schemas.scopes import ENTITIES_PERSONAL
from services.broker.context.errors import (
    BadRequestData,
    NoMultiTenantSupport,
    TooManyResults,
)
from services.broker.context.geoquery import parse_geoquery
from services.broker.context.jsonld import CORE, Context
from services.broker.context.model import check_id
from services.broker.context.patterns import check_pattern
from services.broker.context.q import Node, parse_q
from services.broker.context.q_sql import checked_patterns
from services.broker.context.query import MOST_LIMIT, Query
from services.broker.context.view import View, parse_form, parse_view

JSON: Final = "application/json"
JSON_LD: Final = "application/ld+json"
GEO_JSON: Final = "application/geo+json"
_MOST_IDS: Final = 500
_MOST_NAMES: Final = 100
_MOST_OFFSET: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Params:
    """A request's parameters.

    Attributes:
        options: the members of ``options``.
        personal: whether the caller may see entities about persons.
        media: what the answer is written as.
        context: what short names in the parameters mean, and are answered with (§6.3.5).
        tenant: whose entities (§4.14); empty for the default tenant.
    """

    given: Mapping[str, str]
    options: frozenset[str]
    personal: bool
    media: str
    context: Context = CORE
    tenant: str = ""

    def names(self, name: str) -> list[str]:
        """A comma-separated parameter of short names, expanded."""
        parts = [part.strip() for part in self.given.get(name, "").split(",") if part.strip()]
        if len(parts) > _MOST_NAMES:
            raise BadRequestData(f"{name} has at most {_MOST_NAMES} names.")
        return [self.context.expand(part) for part in parts]

    def number(self, name: str, default: int, most: int) -> int:
        text = self.given.get(name, str(default))
        if not (text.isascii() and text.isdigit()) or len(text) > 9:
            raise BadRequestData(f"{name} is a whole number, at least 0.")
        if int(text) > most:
            raise TooManyResults(f"{name} is at most {most}.")
        return int(text)

    def view(self) -> View:
        return parse_view(self.given, self.options, self.context)

    @property
    def simplified(self) -> bool:
        """Whether the body's entities are in the simplified representation (§4.5.4)."""
        return parse_form(self.given.get("format", ""), self.options) == "keyValues"


async def _params(request: Request, caller: CallerDep) -> Params:
    if request.headers.get("ngsild-tenant"):
        raise NoMultiTenantSupport("Leave out NGSILD-Tenant: there is one tenant.")
    given = dict(request.query_params)
    if any("\x00" in value for value in given.values()):
        raise BadRequestData("A parameter has a NUL character; leave it out.")
    options = frozenset(part.strip() for part in given.get("options", "").split(",")) - {""}
    return Params(given, options, ENTITIES_PERSONAL in caller.scopes, _accepted(request))


ParamsDep = Annotated[Params, Depends(_params)]


def _accepted(request: Request) -> str:
    """JSON-LD or GeoJSON when the caller names it first, JSON otherwise."""
    wanted = [
        part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")
    ]
    return wanted[0] if wanted[0] in (JSON_LD, GEO_JSON) else JSON


def parse_query(params: Params) -> Query:
    """The query in a request's parameters (§5.7.2).

    Raises:
        BadRequestData: something is malformed, or nothing narrows the query down.
    """
    get = params.given.get
    limit = params.number("limit", 20, MOST_LIMIT)
    count = get("count", "") == "true" or "count" in params.options
    if limit == 0 and not count:
        raise BadRequestData("limit is 0 only together with count=true.")
    query = Query(
        types=_types(get("type", ""), params.context),
        ids=_ids(get("id", "")),
        id_pattern=check_pattern(get("idPattern", ""), "idPattern"),
        attributes=params.names("attrs"),
        q=_q(get("q", "")),
        geo=parse_geoquery(
            get("georel", ""),
            get("geometry", ""),
            get("coordinates", ""),
            get("geoproperty", ""),
            params.context,
        ),
        personal=params.personal,
        context=params.context,
        limit=limit,
        offset=params.number("offset", 0, _MOST_OFFSET),
        count=count,
    )
    if not (
        query.types or query.ids or query.id_pattern or query.attributes or query.q or query.geo
    ):
        raise BadRequestData("Give at least one of type, id, idPattern, attrs, q or georel.")
    return query


def _types(text: str, context: Context) -> list[str]:
    """Types, any of them (§4.17: ``,`` and ``|`` both say "or")."""
    if text == "*":
        return []
    names = [part.strip() for part in text.replace("|", ",").split(",") if part.strip()]
    if len(names) > _MOST_NAMES or "(" in text or ";" in text:
        raise BadRequestData("type is a list of names; selection expressions are not offered.")
    return [context.expand(name) for name in names]


def _ids(text: str) -> list[str]:
    ids = [check_id(part.strip()) for part in text.split(",") if part.strip()]
    if len(ids) > _MOST_IDS:
        raise BadRequestData(f"id names at most {_MOST_IDS} entities.")
    return ids


def _q(text: str) -> Node | None:
    if not text:
        return None
    node = parse_q(text)
    checked_patterns(node)
    return node
