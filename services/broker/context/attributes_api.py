"""Attributes over HTTP: ``/ngsi-ld/v1/entities/{id}/attrs`` (GS CIM 009 §6.6, §6.7)."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from schemas.kit.direct import DirectRoute
from schemas.ngsild import is_geometry
from services.broker.context import attribute_mutations, mutations
from services.broker.context.api import REMOVE, TYPE, WRITE
from services.broker.context.attributes import AttributeReader
from services.broker.context.documented import with_parameters
from services.broker.context.errors import BadRequestData, ResourceNotFound
from services.broker.context.jsonld import CORE_TERMS
from services.broker.context.kinds import VALUE_OF, Instance
from services.broker.context.model import ContextEntity, Fragment, parse_fragment
from services.broker.context.params import JSON, read_params
from services.broker.context.sent import Sent, read_ngsild
from services.broker.context.target import target_of
from services.broker.context.values import is_uri
from services.broker.parts import broker_of

router = APIRouter(tags=["context"], route_class=DirectRoute)

SCOPE = CORE_TERMS["scope"]


@router.post(
    "/entities/{entity}/attrs",
    summary="Append attributes",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, path=["entity"], **TYPE, options="noOverwrite"),
)
async def append_attributes(request: Request) -> Response:
    """§5.6.3. 207 names the attributes that `options=noOverwrite` kept as they were."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(sent.body, sent.context, simplified=params.simplified, id_=target.id)
    overwrite = "noOverwrite" not in params.options
    kept: dict[str, bool] = {}

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        kept.clear()
        kept.update({} if overwrite else mutations.kept(old, fragment))
        return mutations.appended(old, fragment, now, overwrite=overwrite)

    await target.change(broker, mutation)
    return _update_result(fragment, kept)


@router.patch(
    "/entities/{entity}/attrs",
    summary="Update attributes",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, path=["entity"], **TYPE),
)
async def update_attributes(request: Request) -> Response:
    """§5.6.2. Attributes are replaced or added; `urn:ngsi-ld:null` removes one."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    sent = await read_ngsild(request, params)
    fragment = parse_fragment(
        sent.body, sent.context, nulls="members", simplified=params.simplified, id_=target.id
    )

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        return mutations.updated(old, fragment, now)

    await target.change(broker, mutation)
    return Response(status_code=204)


def _update_result(fragment: Fragment, kept: dict[str, bool]) -> Response:
    """UpdateResult (§5.2.18) when something was left out, else 204.

    Names are whole: an answer of this kind has no @context (§6.3.6).
    """
    if not kept:
        return Response(status_code=204)
    body = {
        "updated": [name for name in fragment.attributes if kept.get(name, True)],
        "notUpdated": [
            {"attributeName": name, "reason": "It is there already, and noOverwrite was asked for."}
            for name in kept
        ],
    }
    return Response(orjson.dumps(body), status_code=207, media_type=JSON)


@router.patch(
    "/entities/{entity}/attrs/{attribute}",
    summary="Update part of an attribute",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, path=["entity", "attribute"], **TYPE),
)
async def update_attribute(request: Request) -> Response:
    """§5.6.4. Members that are not sent stay; `urn:ngsi-ld:null` removes one."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    attribute = request.path_params["attribute"]
    sent = await read_ngsild(request, params)
    name = _name(sent, attribute)
    body = _fragment(sent.body)

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        before = attribute_mutations.instance_of(old, name, _dataset_of(body))
        whole = _completed(before, body)
        reader = AttributeReader(sent.context, nulls="members")
        return attribute_mutations.patched(old, name, reader.read(whole, "")[0], now)

    await target.change(broker, mutation)
    return Response(status_code=204)


def _completed(before: Instance, body: dict[str, Any]) -> dict[str, Any]:
    """The fragment with the kind, and the value where it brings none, of what is there."""
    kind = before["type"]
    holder = VALUE_OF[kind]
    if kind == "GeoProperty" and is_geometry(body):
        body = {"value": body}  # §4.7.3
    return {"type": kind, holder: before[holder], **body}


def _dataset_of(body: dict[str, Any]) -> str:
    found = body.get("datasetId", "@none")
    return "" if found == "@none" else str(found)


def _fragment(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadRequestData("An attribute fragment is a JSON object.")
    return {name: member for name, member in body.items() if name != "@context"}


def _name(sent: Sent, attribute: str) -> str:
    name = sent.context.expand(attribute)
    if name == SCOPE:
        raise BadRequestData("scope is no attribute of this kind; PATCH …/attrs changes it.")
    return name


@router.put(
    "/entities/{entity}/attrs/{attribute}",
    summary="Replace an attribute",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(WRITE, path=["entity", "attribute"], **TYPE),
)
async def replace_attribute(request: Request) -> Response:
    """§5.6.19. The instance with the fragment's `datasetId`, or the one without."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    attribute = request.path_params["attribute"]
    sent = await read_ngsild(request, params)
    name = _name(sent, attribute)
    new = AttributeReader(sent.context).read(_fragment(sent.body), "")[0]

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        return attribute_mutations.replaced(old, name, new, now)

    await target.change(broker, mutation)
    return Response(status_code=204)


@router.delete(
    "/entities/{entity}/attrs/{attribute}",
    summary="Delete an attribute",
    status_code=204,
    response_class=Response,
    openapi_extra=with_parameters(
        REMOVE, path=["entity", "attribute"], **TYPE, datasetId="", deleteAll="true"
    ),
)
async def delete_attribute(request: Request) -> Response:
    """§5.6.5. The instance with this `datasetId`, the one without it, or all of them."""
    broker, params = broker_of(request), await read_params(request)
    target = target_of(request, params)
    attribute = request.path_params["attribute"]
    name = params.context.expand(attribute)
    dataset = _dataset_in_question(params.given.get("datasetId", ""))
    whole = params.given.get("deleteAll") == "true"

    def mutation(old: ContextEntity, now: str) -> ContextEntity:
        if name == SCOPE and old.scope:
            return attribute_mutations.without_scopes(old, now)
        if name not in old.attributes:
            raise ResourceNotFound(f"{old.id} has no attribute {attribute}.")
        if not whole:
            attribute_mutations.instance_of(old, name, dataset)
        return attribute_mutations.without(old, name, None if whole else dataset, now)

    await target.change(broker, mutation)
    return Response(status_code=204)


def _dataset_in_question(text: str) -> str:
    if text in ("", "@none"):
        return ""
    if not is_uri(text):
        raise BadRequestData("datasetId is a URI, or @none for the default instance.")
    return text
