"""Entities over HTTP: ``/ngsi-ld/v1/entities`` (GS CIM 009 §6.4, §6.5)."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from schemas.ngsild import urn
from schemas.scopes import ENTITIES_READ, ENTITIES_WRITE
from schemas.xcity import operation, raw_body
from services.broker.context import mutations
from services.broker.context.door import PREFIX as PREFIX
from services.broker.context.errors import ResourceNotFound
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
    ParamsDep,
)
from services.broker.context.reply import answer
from services.broker.context.represent import represent
from services.broker.context.sent import read_ngsild
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])

EntityPath = Annotated[str, Path(examples=[urn("Vehicle", "mirai", "bus-1")])]
READ = operation(ENTITIES_READ, dataset="context", priority="essential")
_BODY = raw_body(JSON, JSON_LD, description="Normalized, concise or simplified; at most 1 MiB.")
WRITE = operation(ENTITIES_WRITE, dataset="context", priority="essential", request_body=_BODY)
REMOVE = operation(ENTITIES_WRITE, dataset="context", priority="essential")


@router.post(
    "/entities",
    summary="Create an entity",
    status_code=201,
    response_class=Response,
    openapi_extra=WRITE,
)
async def create_entity(request: Request, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.6.1. 201 with `Location`; 409 when the id is taken."""
    sent = await read_ngsild(request, params)
    entity = parse_entity(sent.body, sent.context)
    await broker.entities.create(entity)
    where = f"{PREFIX}/entities/{quote(entity.id, safe=':')}"
    return Response(status_code=201, headers={"location": where})


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
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context)

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
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context)
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
