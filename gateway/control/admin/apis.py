"""APIs: attach, look at, detach."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.control.catalogue.attach import attach, detach
from gateway.control.catalogue.attached import Attached
from gateway.control.policy.compiler import CompiledApi
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_APIS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

ApiName = Annotated[str, Path(max_length=40)]


class NewApi(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    name: str = Field(max_length=40, description="It becomes /apps/<name>/ and <name>:… scopes")
    document_url: str = Field(max_length=2000, description="Where its openapi.json is, from inside")
    upstream: str = Field(
        default="", max_length=300, description="http://host:port; of documentUrl when left out"
    )


@router.post(
    "/apis",
    operation_id="attachApi",
    status_code=201,
    summary="Attach an API by its OpenAPI document; callable when this returns",
    openapi_extra=operation(OPERATOR_APIS),
)
async def attach_api(new: NewApi, control: ControlDep) -> dict[str, Any]:
    await attach(control, new.name, new.document_url, new.upstream)
    return _describe(control, new.name)


@router.get(
    "/apis",
    operation_id="listApis",
    summary="All attached APIs, with the findings that keep a new document out",
    openapi_extra=operation(OPERATOR_APIS),
)
async def list_apis(control: ControlDep) -> list[dict[str, Any]]:
    return [_describe(control, api.name) for api in control.publisher.current.attached]


@router.get(
    "/apis/{name}",
    operation_id="getAttachedApi",
    summary="One attached API with its routes",
    openapi_extra=operation(OPERATOR_APIS),
)
async def get_api(name: ApiName, control: ControlDep) -> dict[str, Any]:
    return _describe(control, name)


@router.delete(
    "/apis/{name}",
    operation_id="detachApi",
    status_code=204,
    summary="Detach an API that was attached from outside",
    openapi_extra=operation(OPERATOR_APIS),
)
async def detach_api(name: ApiName, control: ControlDep) -> Response:
    await detach(control, name)
    return Response(status_code=204)


def _describe(control: Control, name: str) -> dict[str, Any]:
    published = control.publisher.current
    api = next((api for api in published.attached if api.name == name), None)
    if api is None:
        raise NotFound(f"There is no API {name!r}.")
    compiled = next((one for one in published.apis if one.territory.name == name), None)
    return as_json(api, compiled)


def as_json(api: Attached, compiled: CompiledApi | None) -> dict[str, Any]:
    routes = compiled.routes if compiled else ()
    return {
        "name": api.name,
        "state": api.state,
        "documentUrl": api.document_url,
        "upstream": f"http://{api.address}",
        "internal": api.internal,
        "attachedAt": api.attached,
        "fetchedAt": api.fetched or None,
        "error": api.error,
        "findings": [fault.as_json() for fault in api.findings],
        "routes": [
            {
                "id": route["id"],
                "method": route["method"],
                "path": route["path"],
                "access": route["access"],
                "scopes": route["scopes"],
            }
            for route in routes
        ],
    }
