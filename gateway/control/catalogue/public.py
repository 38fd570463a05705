"""The public catalogue: APIs, data sets and their documents; open to anybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Response

from gateway.control.catalogue.entries import (
    ApiEntry,
    DatasetEntry,
    describe,
    describe_dataset,
)
from gateway.control.catalogue.whole import public_document, whole_document
from gateway.control.policy.compiler import CompiledApi
from gateway.control.policy.document import Json
from gateway.control.state import Control, ControlDep
from schemas.kit.cached import cached
from schemas.problem import NotFound
from schemas.xcity import operation

router = APIRouter(tags=["Catalogue"])

IfNoneMatch = Annotated[str, Header()]
_OPEN = operation(access="open")
_KEPT = operation(access="open", cache=True)


@router.get(
    "/catalogue/v1/apis",
    operation_id="listCatalogueApis",
    summary="The APIs of this city",
    openapi_extra=_OPEN,
)
async def list_apis(control: ControlDep) -> list[ApiEntry]:
    return [describe(api, control.public_url) for api in _usable(control)]


@router.get(
    "/catalogue/v1/apis/{name}",
    operation_id="getApi",
    summary="One API",
    openapi_extra=_OPEN,
)
async def get_api(name: Annotated[str, Path(max_length=40)], control: ControlDep) -> ApiEntry:
    return describe(_find(control, name), control.public_url)


@router.get(
    "/catalogue/v1/apis/{name}/openapi.json",
    operation_id="getApiDocument",
    summary="One API's OpenAPI document",
    openapi_extra=_KEPT,
)
async def get_document(
    name: Annotated[str, Path(max_length=40)],
    control: ControlDep,
    if_none_match: IfNoneMatch = "",
) -> Response:
    api = _find(control, name)
    return _document(control, if_none_match, name, lambda: public_document(api, control.public_url))


@router.get(
    "/catalogue/v1/datasets",
    operation_id="listDatasets",
    summary="The data sets that the APIs serve",
    openapi_extra=_OPEN,
)
async def list_datasets(control: ControlDep) -> list[DatasetEntry]:
    return [
        describe_dataset(api, dataset) for api in _usable(control) for dataset in api.info.datasets
    ]


@router.get(
    "/catalogue/v1/openapi.json",
    operation_id="getOpenApiDocument",
    summary="One OpenAPI document of the whole open API",
    openapi_extra=_KEPT,
)
async def get_whole(control: ControlDep, if_none_match: IfNoneMatch = "") -> Response:
    apis = control.publisher.current.apis
    return _document(control, if_none_match, "", lambda: whole_document(apis, control.public_url))


@router.get(
    "/openapi.json",
    operation_id="getOpenApi",
    summary="The same, under the name that Japan's draft platform standard asks for",
    openapi_extra=_KEPT,
)
async def get_root(control: ControlDep, if_none_match: IfNoneMatch = "") -> Response:
    return await get_whole(control, if_none_match)


def _usable(control: Control) -> list[CompiledApi]:
    return [api for api in control.publisher.current.apis if api.routes]


def _find(control: Control, name: str) -> CompiledApi:
    for api in _usable(control):
        if api.territory.name == name:
            return api
    raise NotFound(f"There is no API {name!r}: see /catalogue/v1/apis.")


def _document(
    control: Control, if_none_match: str, name: str, make: Callable[[], Json]
) -> Response:
    published = control.publisher.current
    etag = f'"{published.revision}{name and "-" + name}"'
    if if_none_match == etag:
        return _kept(Response(status_code=304, headers={"ETag": etag}))
    body = published.documents.get(name)
    if body is None:
        body = published.documents[name] = orjson.dumps(make())
    return _kept(Response(body, media_type="application/json", headers={"ETag": etag}))


def _kept(response: Response) -> Response:
    """A new API must be seen soon; and developers read on while the control plane is away."""
    return cached(response, seconds=2, stale=10, on_error=86_400)
