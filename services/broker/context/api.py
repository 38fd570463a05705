"""Entities over HTTP: ``/ngsi-ld/v1/entities`` (GS CIM 009 §6.4, §6.5)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from schemas.ngsild import urn
from schemas.scopes import ENTITIES_READ, ENTITIES_WRITE
from schemas.xcity import operation, raw_body
from services.broker.context import mutations
from services.broker.context.errors import ResourceNotFound
from services.broker.context.jsonld import CORE_CONTEXT_URL, LINK
from services.broker.context.model import (
    ContextEntity,
    Fragment,
    check_id,
    parse_entity,
    parse_fragment,
)
from services.broker.context.params import (
    JSON,
    JSON_LD,
    Params,
    ParamsDep,
    parse_query,
    read_ngsild,
)
from services.broker.context.query import Page
from services.broker.context.represent import represent
from services.broker.parts import BrokerDep

PREFIX = "/ngsi-ld/v1"
router = APIRouter(tags=["context"])

EntityPath = Annotated[str, Path(examples=[urn("Vehicle", "mirai", "bus-1")])]
READ = operation(ENTITIES_READ, dataset="context", priority="essential")
_BODY = raw_body(JSON, JSON_LD, description="Normalized, concise or simplified; at most 1 MiB.")
WRITE = operation(ENTITIES_WRITE, dataset="context", priority="essential", request_body=_BODY)
REMOVE = operation(ENTITIES_WRITE, dataset="context", priority="essential")


def answer(body: Any, params: Params, *, headers: dict[str, str] | None = None) -> Response:
    """JSON with the core ``@context``: in the body of JSON-LD, in a Link field beside JSON."""
    fields = dict(headers or {})
    if params.media == JSON_LD:
        items = body if isinstance(body, list) else [body]
        for item in items:
            item["@context"] = CORE_CONTEXT_URL
    else:
        fields["link"] = ", ".join(filter(None, (fields.get("link"), LINK)))
    return Response(orjson.dumps(body), media_type=params.media, headers=fields)


@router.post(
    "/entities",
    summary="Create an entity",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def create_entity(request: Request, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.6.1. 201 with `Location`; 409 when the id is taken."""
    entity = parse_entity(await read_ngsild(request))
    await broker.entities.create(entity)
    where = f"{PREFIX}/entities/{quote(entity.id, safe=':')}"
    return Response(status_code=201, headers={"location": where})


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
    return answer([represent(entity, view) for entity in page.entities], params, headers=headers)


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


@router.get(
    "/entities/{entity}",
    summary="Retrieve an entity",
    response_class=Response,
    openapi_extra=READ,
)
async def get_entity(
    entity: EntityPath,
    broker: BrokerDep,
    params: ParamsDep,
    attrs: str = "",
    options: Annotated[str, Query(examples=["keyValues"])] = "",
) -> Response:
    """§5.7.1. `options`: `keyValues`, `concise`, `sysAttrs`."""
    view = params.view()
    found = await broker.entities.get(check_id(entity), personal=params.personal)
    if view.attributes and not set(view.attributes) & found.attributes.keys():
        raise ResourceNotFound(f"{entity} has none of these attributes.")
    return answer(represent(found, view), params)


@router.put(
    "/entities/{entity}",
    summary="Replace an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def replace_entity(
    entity: EntityPath, request: Request, broker: BrokerDep, params: ParamsDep
) -> Response:
    """§5.6.18."""
    fragment = parse_fragment(await read_ngsild(request))

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        return mutations.replaced(old, fragment.types, fragment.attributes, now)

    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return Response(status_code=204)


@router.patch(
    "/entities/{entity}",
    summary="Merge into an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def merge_entity(
    entity: EntityPath, request: Request, broker: BrokerDep, params: ParamsDep
) -> Response:
    """§5.6.17. `urn:ngsi-ld:null` removes an attribute or a member."""
    fragment = parse_fragment(await read_ngsild(request))
    mutation = partial(_merge, fragment)
    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return Response(status_code=204)


def _merge(fragment: Fragment, old: ContextEntity, now: str) -> ContextEntity:
    return mutations.merged(old, fragment, now)


@router.delete(
    "/entities/{entity}",
    summary="Delete an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=REMOVE,
)
async def delete_entity(entity: EntityPath, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.6.6."""
    await broker.entities.change(check_id(entity), lambda old, now: None, personal=params.personal)
    return Response(status_code=204)
