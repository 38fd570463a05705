"""Querying entities over HTTP (GS CIM 009 §6.4.3.2)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.broker.context.answers import answer_entities
from services.broker.context.api import READ
from services.broker.context.params import ParamsDep, parse_query
from services.broker.context.query import Page
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])


@router.get(
    "/entities",
    summary="Query entities",
    response_class=Response,
    openapi_extra=READ,
)
async def query_entities(
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    type: Annotated[str, Query(examples=["Vehicle"])] = "",
    id: str = "",
    idPattern: str = "",  # noqa: N803 - the specification's names
    attrs: str = "",
    q: Annotated[str, Query(examples=["speed>50;service"])] = "",
    georel: Annotated[str, Query(examples=["near;maxDistance==1000"])] = "",
    geometry: Annotated[str, Query(examples=["Point"])] = "",
    coordinates: Annotated[str, Query(examples=["[139.88,36.55]"])] = "",
    geoproperty: str = "",
    limit: str = "20",
    offset: str = "0",
    count: str = "",
    options: Annotated[str, Query(examples=["keyValues"])] = "",
) -> Response:
    """§5.7.2. All conditions hold together; with `near`, the nearest come first.

    `count=true` gives the number of all matches in `NGSILD-Results-Count`; `Link` names the
    pages before and behind this one.
    """
    wanted = parse_query(params)
    page = await broker.entities.find(wanted)
    view = params.view()
    headers = _page_headers(request, page, wanted.limit, wanted.offset)
    return answer_entities(page.entities, view, request, params, headers)


def _page_headers(request: Request, page: Page, limit: int, offset: int) -> dict[str, str]:
    links = []
    if page.more and limit:
        links.append(_link(request, offset + limit, "next"))
    if offset and limit:
        links.append(_link(request, max(0, offset - limit), "prev"))
    headers = {"link": ", ".join(links)} if links else {}
    if page.total is not None:
        headers["ngsild-results-count"] = str(page.total)
    return headers


def _link(request: Request, offset: int, relation: str) -> str:
    url = request.url.include_query_params(offset=offset)
    return f'<{url.path}?{url.query}>; rel="{relation}"; type="application/json"'
