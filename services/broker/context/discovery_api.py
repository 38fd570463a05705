"""Types and attributes over HTTP: ``/types``, ``/attributes`` (GS CIM 009 §6.25 to §6.28)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Response

from services.broker.context.api import READ
from services.broker.context.discovery import (
    AttributeFound,
    TypeFound,
    attributes_of,
    types_of,
)
from services.broker.context.documented import with_parameters
from services.broker.context.errors import ResourceNotFound
from services.broker.context.jsonld import Context
from services.broker.context.params import ParamsDep
from services.broker.context.query_params import flag
from services.broker.context.reply import answer
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])

_LIST = with_parameters(READ, details="true", local="true")
_ONE = with_parameters(READ, local="true")

NamePath = Annotated[str, Path(examples=["Vehicle"])]


@router.get("/types", summary="List types", response_class=Response, openapi_extra=_LIST)
async def list_types(broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.7.5; with `details=true` each with its attributes (§5.7.6)."""
    context = params.context
    with_details, _ = flag(params, "details"), flag(params, "local")
    shapes = await broker.entities.shapes(personal=params.personal, tenant=params.tenant)
    found = types_of(shapes)
    if with_details:
        return answer([_type(name, of, context) for name, of in found.items()], params)
    body = {
        "id": _list_id("EntityTypeList"),
        "type": "EntityTypeList",
        "typeList": _names(found, context),
    }
    return answer(body, params)


@router.get("/types/{type}", summary="Describe a type", response_class=Response, openapi_extra=_ONE)
async def get_type(type: NamePath, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.7.7: how many entities there are of it, and which attributes they have."""
    flag(params, "local")
    name = params.context.expand(type)
    shapes = await broker.entities.shapes(personal=params.personal, tenant=params.tenant)
    found = types_of([shape for shape in shapes if name in shape.types]).get(name)
    if found is None:
        raise ResourceNotFound(f"There is no entity of the type {type}.")
    return answer(_type_info(name, found, params.context), params)


@router.get("/attributes", summary="List attributes", response_class=Response, openapi_extra=_LIST)
async def list_attributes(broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.7.8; with `details=true` each with the types that have it (§5.7.9)."""
    context = params.context
    with_details, _ = flag(params, "details"), flag(params, "local")
    shapes = await broker.entities.shapes(personal=params.personal, tenant=params.tenant)
    found = attributes_of(shapes)
    if with_details:
        details_ = [
            _attribute(name, context) | {"typeNames": _names(of.types, context)}
            for name, of in found.items()
        ]
        return answer(details_, params)
    body = {
        "id": _list_id("AttributeList"),
        "type": "AttributeList",
        "attributeList": _names(found, context),
    }
    return answer(body, params)


@router.get(
    "/attributes/{attribute}",
    summary="Describe an attribute",
    response_class=Response,
    openapi_extra=_ONE,
)
async def get_attribute(attribute: NamePath, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.7.10: how many instances there are of it, of which kinds, at which types."""
    flag(params, "local")
    name = params.context.expand(attribute)
    shapes = await broker.entities.shapes(personal=params.personal, tenant=params.tenant)
    found = attributes_of(shapes).get(name)
    if found is None:
        raise ResourceNotFound(f"There is no entity with the attribute {attribute}.")
    return answer(_attribute_info(name, found, params.context), params)


def _type(name: str, found: TypeFound, context: Context) -> dict[str, Any]:
    """EntityType (§5.2.25)."""
    return {
        "id": name,
        "type": "EntityType",
        "typeName": context.compact(name),
        "attributeNames": _names(found.attributes, context),
    }


def _type_info(name: str, found: TypeFound, context: Context) -> dict[str, Any]:
    """EntityTypeInfo (§5.2.26)."""
    details = [
        _attribute(attribute, context) | {"attributeTypes": sorted(of.kinds)}
        for attribute, of in sorted(found.attributes.items())
    ]
    return {
        "id": name,
        "type": "EntityTypeInfo",
        "typeName": context.compact(name),
        "entityCount": found.count,
        "attributeDetails": details,
    }


def _attribute(name: str, context: Context) -> dict[str, Any]:
    return {"id": name, "type": "Attribute", "attributeName": context.compact(name)}


def _attribute_info(name: str, found: AttributeFound, context: Context) -> dict[str, Any]:
    """Attribute (§5.2.28), with all that it can have."""
    return _attribute(name, context) | {
        "attributeCount": found.count,
        "attributeTypes": sorted(found.kinds),
        "typeNames": _names(found.types, context),
    }


def _names(expanded: Collection[str], context: Context) -> list[str]:
    return sorted(context.compact(name) for name in expanded)


def _list_id(kind: str) -> str:
    return f"urn:ngsi-ld:{kind}:{uuid4()}"
