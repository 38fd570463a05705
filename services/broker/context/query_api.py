"""Querying entities over HTTP (GS CIM 009 §6.4.3.2, §6.23)."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from schemas.kit.direct import DirectRoute
from schemas.scopes import ENTITIES_READ
from schemas.xcity import operation, raw_body
from services.broker.context.answers import answer_entities
from services.broker.context.api import READ
from services.broker.context.documented import with_parameters
from services.broker.context.joining import flattened, inlined
from services.broker.context.linked import check_projections, parse_join
from services.broker.context.params import GEO_JSON, JSON, JSON_LD, Params, read_params
from services.broker.context.query import Page
from services.broker.context.query import Query as Wanted
from services.broker.context.query_document import as_parameters
from services.broker.context.query_params import parse_query
from services.broker.context.sent import read_ngsild
from services.broker.parts import Broker, broker_of

router = APIRouter(tags=["context"], route_class=DirectRoute)

_BODY = raw_body(JSON, JSON_LD, description="A Query (GS CIM 009 §5.2.23); at most 1 MiB.")
_PAGE = {"limit": "20", "offset": "0", "count": "true", "local": "true", "options": "keyValues"}
_VIEW = {"format": "concise", "datasetId": "", "geometryProperty": ""}
_CONDITIONS = {
    "type": "Vehicle",
    "id": "",
    "idPattern": "",
    "attrs": "",
    "pick": "",
    "omit": "",
    "q": "speed>50;service",
    "expandValues": "",
    "jsonKeys": "",
    "scopeQ": "/Mirai/Gardens/#",
    "georel": "near;maxDistance==1000",
    "geometry": "Point",
    "coordinates": "[139.88,36.55]",
    "geoproperty": "",
    "lang": "ja,en;q=0.5",
    "orderBy": "name;desc",
    "orderFrom": "[139.88,36.55]",
    "orderGeometry": "Point",
    "collation": "",
    "join": "inline",
    "joinLevel": "1",
    "containedBy": "",
}
_QUERY = operation(ENTITIES_READ, dataset="context", priority="essential", request_body=_BODY)


@router.get(
    "/entities",
    summary="Query entities",
    response_class=Response,
    openapi_extra=with_parameters(READ, **_CONDITIONS, **_VIEW, **_PAGE),
)
async def query_entities(request: Request) -> Response:
    """§5.7.2. All conditions hold together; with `near`, the nearest come first.

    `count=true` gives the number of all matches in `NGSILD-Results-Count`; `Link` names the
    pages before and behind this one.
    """
    broker, params = broker_of(request), await read_params(request)
    return await _answer(request, broker, params, parse_query(params))


@router.post(
    "/entityOperations/query",
    summary="Query entities by a body",
    response_class=Response,
    openapi_extra=with_parameters(_QUERY, **_VIEW, **_PAGE),
)
async def query_by_body(request: Request) -> Response:
    """§6.23. The same query in a body, for those that are too long for a URL."""
    broker, params = broker_of(request), await read_params(request)
    sent = await read_ngsild(request, params)
    said, selectors = as_parameters(sent.body)
    asked = replace(params, given={**params.given, **said}, context=sent.context)
    return await _answer(request, broker, asked, parse_query(asked, selectors))


async def _answer(request: Request, broker: Broker, params: Params, wanted: Wanted) -> Response:
    view = params.view()
    join = parse_join(params.given)
    check_projections(view, join)
    page = await broker.entities.find(wanted, tenant=params.tenant)
    headers = _page_headers(request, params, page, wanted)
    entities, shown = page.entities, None
    if join.how == "flat":
        entities = await flattened(broker.entities, entities, join, params)
    elif join.how == "inline" and params.media != GEO_JSON:
        shown = await inlined(broker.entities, entities, join, params, view)
    return answer_entities(entities, view, request, params, headers, shown)


def _page_headers(request: Request, params: Params, page: Page, wanted: Wanted) -> dict[str, str]:
    links = []
    limit, offset = wanted.limit, wanted.offset
    if page.more and limit:
        links.append(_link(request, params, offset + limit, limit, "next"))
    if offset and limit:
        links.append(_link(request, params, max(0, offset - limit), limit, "prev"))
    headers = {"link": ", ".join(links)} if links else {}
    if page.total is not None:
        headers["ngsild-results-count"] = str(page.total)
    return headers


def _link(request: Request, params: Params, offset: int, limit: int, relation: str) -> str:
    url = request.url.include_query_params(offset=offset, limit=limit)
    return f'<{url.path}?{url.query}>; rel="{relation}"; type="{params.media}"'
