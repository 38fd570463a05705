"""APIs: attach, look at, detach."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from gateway.control.catalogue import attached
from gateway.control.catalogue.attach import attach, detach, refresh
from gateway.control.catalogue.attached import MOST_ADDRESSES, Attached, State
from gateway.control.catalogue.move import move
from gateway.control.policy.compiler import CompiledApi
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Finding, Wire
from schemas.kit.caller import CallerDep
from schemas.policy import Access, Route
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_APIS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

ApiName = Annotated[str, Path(max_length=40)]


Address = Annotated[str, Field(max_length=300)]


class ApiPlace(Wire):
    document_url: str = Field(max_length=2000, description="Where its openapi.json is, from inside")
    upstream: Address | Annotated[list[Address], Field(max_length=MOST_ADDRESSES)] = Field(
        default="",
        description="http://host:port, or an array of them; of documentUrl when left out",
    )


class NewApi(ApiPlace):
    name: str = Field(max_length=40, description="It becomes /apps/<name>/ and <name>:… scopes")


class AttachedApi(NewApi):
    digest: str = Field(
        default="",
        max_length=64,
        description="Of a preview: refused if the document is another one by now",
    )


class RouteState(Wire):
    id: str
    method: str
    path: str = Field(description="Public path template")
    access: Access
    scopes: list[list[str]] = Field(description="Alternatives, each to be held whole")


class ApiState(Wire):
    """One attached API. Times in seconds since the epoch."""

    name: str
    state: State
    document_url: str
    upstream: str = Field(description="The first of the upstreams")
    upstreams: list[str] = Field(description="http://host:port of each of its processes")
    internal: bool = Field(description="One of the city's own")
    attached_at: int
    fetched_at: int | None = Field(description="When a document was last had")
    error: str = Field(description="Why the newest fetch failed")
    findings: list[Finding] = Field(description="Why the newest document is not in force")
    routes: list[RouteState]


@router.post(
    "/apis",
    operation_id="attachApi",
    status_code=201,
    summary="Attach an API by its OpenAPI document; callable when this returns",
    openapi_extra=operation(OPERATOR_APIS),
)
async def attach_api(new: AttachedApi, control: ControlDep, caller: CallerDep) -> ApiState:
    await attach(
        control, new.name, new.document_url, new.upstream,
        operator=caller.actor, digest=new.digest,
    )  # fmt: skip
    return _describe(control, new.name)


@router.put(
    "/apis/{name}",
    operation_id="moveApi",
    summary="Say where an attached API is now; it stays callable throughout",
    description="Refused as a whole if its document there is: the last good one stays.",
    openapi_extra=operation(OPERATOR_APIS),
)
async def move_api(
    name: ApiName, place: ApiPlace, control: ControlDep, caller: CallerDep
) -> ApiState:
    await move(control, name, place.document_url, place.upstream, operator=caller.actor)
    return _describe(control, name)


@router.get(
    "/apis",
    operation_id="listApis",
    summary="All attached APIs, with the findings that keep a new document out",
    openapi_extra=operation(OPERATOR_APIS),
)
async def list_apis(control: ControlDep) -> list[ApiState]:
    return [_describe(control, api.name) for api in control.publisher.current.attached]


@router.get(
    "/apis/{name}",
    operation_id="getAttachedApi",
    summary="One attached API with its routes",
    openapi_extra=operation(OPERATOR_APIS),
)
async def get_api(name: ApiName, control: ControlDep) -> ApiState:
    return _describe(control, name)


@router.delete(
    "/apis/{name}",
    operation_id="detachApi",
    status_code=204,
    summary="Detach an API that was attached from outside",
    openapi_extra=operation(OPERATOR_APIS),
)
async def detach_api(name: ApiName, control: ControlDep, caller: CallerDep) -> Response:
    await detach(control, name, operator=caller.actor)
    return Response(status_code=204)


@router.post(
    "/apis/{name}/refetch",
    operation_id="refetchApi",
    summary="Fetch an API's document now; a worse one never replaces a good one",
    openapi_extra=operation(OPERATOR_APIS),
)
async def refetch_api(name: ApiName, control: ControlDep, caller: CallerDep) -> ApiState:
    async with control.store.read() as connection:
        held = await attached.find(connection, name)
    if held is None:
        raise NotFound(f"There is no API {name!r}.")
    found = await refresh(control, held)
    async with control.store.write() as connection:
        await control.record(connection, caller.actor, "api.refetch", name, state=found.state)
    return _describe(control, name)


def _describe(control: Control, name: str) -> ApiState:
    published = control.publisher.current
    api = next((api for api in published.attached if api.name == name), None)
    if api is None:
        raise NotFound(f"There is no API {name!r}.")
    compiled = next((one for one in published.apis if one.territory.name == name), None)
    return as_state(api, compiled)


def as_state(api: Attached, compiled: CompiledApi | None) -> ApiState:
    routes = compiled.routes if compiled else ()
    return ApiState(
        name=api.name,
        state=api.state,
        document_url=api.document_url,
        upstream=f"http://{api.addresses[0]}",
        upstreams=[f"http://{address}" for address in api.addresses],
        internal=api.internal,
        attached_at=api.attached,
        fetched_at=api.fetched or None,
        error=api.error,
        findings=[Finding.of(fault) for fault in api.findings],
        routes=[as_route(route) for route in routes],
    )


def as_route(route: Route) -> RouteState:
    return RouteState(
        id=route["id"],
        method=route["method"],
        path=route["path"],
        access=route["access"],
        scopes=route["scopes"],
    )
