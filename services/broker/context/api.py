"""Entities over HTTP: ``/ngsi-ld/v1/entities`` (GS CIM 009 §6.4, §6.5)."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from schemas.kit.direct import DirectRoute
from schemas.scopes import ENTITIES_READ, ENTITIES_WRITE
from schemas.xcity import operation, raw_body
from services.broker.context import mutations
from services.broker.context.answers import answer_entities, answer_entity
from services.broker.context.conditional import etag, has_it
from services.broker.context.documented import with_parameters
from services.broker.context.door import PREFIX
from services.broker.context.errors import ResourceNotFound
from services.broker.context.joining import flattened, inlined
from services.broker.context.language import parse_tag
from services.broker.context.linked import Join, check_projections, parse_join
from services.broker.context.model import ContextEntity, parse_entity, parse_fragment
from services.broker.context.params import GEO_JSON, JSON, JSON_LD, Params, read_params
from services.broker.context.reply import answer
from services.broker.context.sent import read_ngsild
from services.broker.context.target import target_of
from services.broker.context.times import as_datetime
from services.broker.context.view import View
from services.broker.parts import Broker, broker_of

__all__ = ["PREFIX", "READ", "REMOVE", "TYPE", "WRITE", "router"]

router = APIRouter(tags=["context"], route_class=DirectRoute)

READ = operation(ENTITIES_READ, dataset="context", priority="essential")
_BODY = raw_body(JSON, JSON_LD, description="Normalized, concise or simplified; at most 1 MiB.")
WRITE = operation(ENTITIES_WRITE, dataset="context", priority="essential", request_body=_BODY)
REMOVE = operation(ENTITIES_WRITE, dataset="context", priority="essential")
TYPE = {"type": "Vehicle"}
_VIEW = {
    "format": "simplified",
    "options": "sysAttrs",
    "attrs": "",
    "pick": "id,speed",
    "omit": "",
    "datasetId": "",
    "lang": "ja,en;q=0.5",
    "geometryProperty": "",
    "join": "inline",
    "joinLevel": "",
    "containedBy": "",
}


@router.post(
    "/entities",
    summary="Create an entity",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def create_entity(request: Request) -> Response:
    """§5.6.1. 201 with `Location`; 409 when the id is taken."""
    broker, params = broker_of(request), await read_params(request)
    sent = await read_ngsild(request, params)
    entity = parse_entity(sent.body, sent.context, simplified=params.simplified)
    await broker.entities.create(entity, tenant=params.tenant)
    where = f"{PREFIX}/entities/{quote(entity.id, safe=':')}"
    return Response(status_code=201, headers={"location": where})


@router.get(
    "/entities/{entity}",
    summary="Retrieve an entity",
    response_class=Response,
    openapi_extra=with_parameters(READ, path=["entity"], **TYPE, **_VIEW),
)
async def get_entity(request: Request) -> Response:
    """§5.7.1. `options`: `keyValues`, `concise`, `sysAttrs`. `ETag` names what was read."""
    # none of it as dependencies, here and below: to resolve them takes as long as all the rest
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    view, join = params.view(), parse_join(params.given)
    check_projections(view, join)
    found = await target.get(broker)
    if view.attributes and not set(view.attributes) & found.attributes.keys():
        raise ResourceNotFound(f"{found.id} has none of these attributes.")
    if join.depth:
        return await _answer_joined(found, view, join, request, broker, params)
    tag = etag(found, params)
    if has_it(request.headers, tag):
        return Response(status_code=304, headers={"etag": tag})
    return answer_entity(found, view, request, params, {"etag": tag})


async def _answer_joined(
    found: ContextEntity, view: View, join: Join, request: Request, broker: Broker, params: Params
) -> Response:
    """With the entities that it links to (§4.5.23): in it, or with it in an array."""
    if join.how == "flat":
        several = await flattened(broker.entities, [found], join, params)
        return answer_entities(several, view, request, params, {})
    if params.media == GEO_JSON:
        return answer_entity(found, view, request, params, {})
    (shown,) = await inlined(broker.entities, [found], join, params, view)
    return answer(shown, params)


@router.put(
    "/entities/{entity}",
    summary="Replace an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, path=["entity"], **TYPE),
)
async def replace_entity(request: Request) -> Response:
    """§5.6.18. With `If-Match` only the state that was read is replaced, else 412."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context, simplified=params.simplified, id_=target.id)

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        return mutations.replaced(old, fragment, now)

    await target.change(broker, mutation)
    return Response(status_code=204)


@router.patch(
    "/entities/{entity}",
    summary="Merge into an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(
        WRITE,
        path=["entity"],
        **TYPE,
        format="simplified",
        options="keyValues",
        observedAt="",
        lang="ja",
    ),
)
async def merge_entity(request: Request) -> Response:
    """§5.6.17. `urn:ngsi-ld:null` removes an attribute or a member.

    `observedAt` is for the attributes that had one and bring none; `lang` says in which language
    a text is that comes alone for a LanguageProperty.
    """
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    sent = await read_ngsild(request, params)
    common = common_of(params)
    fragment = parse_fragment(
        sent.body, sent.context, nulls="deep", simplified=params.simplified, id_=target.id
    )

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        return mutations.merged(old, fragment, now, common)

    await target.change(broker, mutation)
    return Response(status_code=204)


def common_of(params: Params) -> mutations.Common:
    """What a merge says for all its attributes (§6.5.3.4)."""
    observed, lang = params.given.get("observedAt", ""), params.given.get("lang", "")
    return mutations.Common(
        as_datetime(observed, "observedAt") if observed else "", parse_tag(lang) if lang else ""
    )


@router.delete(
    "/entities/{entity}",
    summary="Delete an entity",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(REMOVE, path=["entity"], **TYPE),
)
async def delete_entity(request: Request) -> Response:
    """§5.6.6."""
    target = target_of(request, await read_params(request))
    await target.change(broker_of(request), lambda old, now: None)
    return Response(status_code=204)
