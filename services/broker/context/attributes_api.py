"""Attributes over HTTP: ``/ngsi-ld/v1/entities/{id}/attrs`` (GS CIM 009 §6.6, §6.7)."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from services.broker.context import mutations
from services.broker.context.api import REMOVE, WRITE, EntityPath
from services.broker.context.attributes import VALUE_OF
from services.broker.context.errors import BadRequestData, ResourceNotFound
from services.broker.context.model import ContextEntity, Fragment, check_id, parse_fragment
from services.broker.context.params import JSON, ParamsDep
from services.broker.context.sent import read_ngsild
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])


@router.post(
    "/entities/{entity}/attrs",
    summary="Append attributes",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def append_attributes(
    entity: EntityPath,
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    options: Annotated[str, Query(examples=["noOverwrite"])] = "",
) -> Response:
    """§5.6.3. 207 names the attributes that `options=noOverwrite` kept as they were."""
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context)
    overwrite = "noOverwrite" not in params.options
    kept: set[str] = set()

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        kept.clear()
        kept.update(() if overwrite else fragment.attributes.keys() & old.attributes.keys())
        return mutations.appended(old, fragment, now, overwrite=overwrite)

    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return _update_result(fragment, kept, "is there already")


@router.patch(
    "/entities/{entity}/attrs",
    summary="Update attributes",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def update_attributes(
    entity: EntityPath, request: Request, broker: BrokerDep, params: ParamsDep
) -> Response:
    """§5.6.2. 207 names the attributes that the entity does not have."""
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context)
    unknown: set[str] = set()

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        unknown.clear()
        unknown.update(fragment.attributes.keys() - old.attributes.keys())
        return mutations.updated(old, fragment, now)

    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return _update_result(fragment, unknown, "is not there")


def _update_result(fragment: Fragment, failed: set[str], why: str) -> Response:
    """UpdateResult (§5.2.18) when something was left out, else 204."""
    if not failed:
        return Response(status_code=204)
    body = {
        "updated": [fragment.context.compact(n) for n in fragment.attributes if n not in failed],
        "notUpdated": [
            {"attributeName": fragment.context.compact(n), "reason": why} for n in sorted(failed)
        ],
    }
    return Response(orjson.dumps(body), status_code=207, media_type=JSON)


@router.patch(
    "/entities/{entity}/attrs/{attribute}",
    summary="Update part of an attribute",
    status_code=204,
    response_class=Response,
    openapi_extra=WRITE,
)
async def update_attribute(
    entity: EntityPath,
    attribute: str,
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
) -> Response:
    """§5.6.4. Members that are not sent stay."""
    sent = await read_ngsild(request, params)
    if not isinstance(sent.body, dict):
        raise BadRequestData("An attribute fragment is a JSON object.")
    name = sent.context.expand(attribute)

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        whole = _completed(old, name, attribute, sent.body)
        return mutations.merged(old, parse_fragment({attribute: whole}, sent.context), now)

    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return Response(status_code=204)


def _completed(
    old: ContextEntity, name: str, attribute: str, body: dict[str, Any]
) -> dict[str, Any]:
    """The fragment with the kind, and the value where it brings none, of what is there."""
    dataset = body.get("datasetId", "")
    for instance in old.attributes.get(name, []):
        if instance.get("datasetId", "") == dataset:
            holder = VALUE_OF[instance["type"]]
            return {"type": instance["type"], holder: instance[holder], **body}
    raise ResourceNotFound(f"{old.id} has no attribute {attribute}.")


@router.delete(
    "/entities/{entity}/attrs/{attribute}",
    summary="Delete an attribute",
    status_code=204,
    response_class=Response,
    openapi_extra=REMOVE,
)
async def delete_attribute(
    entity: EntityPath,
    attribute: str,
    broker: BrokerDep,
    params: ParamsDep,
    datasetId: str = "",  # noqa: N803 - the specification's name
    deleteAll: bool = False,  # noqa: N803
) -> Response:
    """§5.6.5. The instance with this `datasetId`, the one without it, or all of them."""
    name = params.context.expand(attribute)

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        there = {str(i.get("datasetId", "")) for i in old.attributes.get(name, [])}
        if not there or (not deleteAll and datasetId not in there):
            raise ResourceNotFound(f"{entity} has no such attribute {attribute}.")
        return mutations.without(old, name, None if deleteAll else datasetId, now)

    await broker.entities.change(check_id(entity), mutation, personal=params.personal)
    return Response(status_code=204)
