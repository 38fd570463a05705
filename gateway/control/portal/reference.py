"""``/developers/apis``: the reference of every API, and trying its operations out."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Request, Response

from gateway.control.catalogue.entries import describe
from gateway.control.pages.posts import shown
from gateway.control.policy.compiler import CompiledApi
from gateway.control.portal import documents, examples, offers, quality, samples, schema_rows
from gateway.control.portal.documents import Operation
from gateway.control.portal.navigation import HOME, portal_page
from gateway.control.portal.titles import title_of
from gateway.control.staff.browser import signed_in
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound

router = APIRouter(tags=["Developer portal"])

APIS: Final = HOME + "/apis"
_MOST_LISTED: Final = 300
_LARGEST_EXAMPLE: Final = 8_192
_ORJSON: Final = orjson.OPT_INDENT_2


@router.get(
    APIS,
    operation_id="showApis",
    summary="The APIs, for whoever wants to read their reference",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_apis(request: Request, control: ControlDep) -> Response:
    return portal_page(
        request,
        control,
        "portal/apis.html",
        await signed_in(request, control),
        apis=sorted(offers.apis(control), key=lambda one: one.domain == "platform"),
        has_events=_has_events(control),
        title_of=title_of(request),
    )


@router.get(
    APIS + "/{name}",
    operation_id="showApi",
    summary="The reference of one API: its operations",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_api(
    name: Annotated[str, Path(max_length=40)], request: Request, control: ControlDep
) -> Response:
    api = _find(control, name)
    query = request.query_params.get("q", "")[: offers.LONGEST_QUERY]
    everything = list(documents.operations(api))
    words = offers.folded(query).split()
    found = [one for one in everything if all(word in _words(one) for word in words)]
    return portal_page(
        request,
        control,
        "portal/api.html",
        await signed_in(request, control),
        api=describe(api, control.public_url),
        quality=quality.of_api(control, name),
        query=query,
        total=len(everything),
        count=len(found),
        groups=_by_tag(found[:_MOST_LISTED]),
        reference=lambda one: examples.reference(name, one.route["id"]),
        title_of=title_of(request),
    )


@router.get(
    APIS + "/{name}/operations/{operation}",
    operation_id="showOperation",
    summary="The reference of one operation, to be tried out",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_operation(
    name: Annotated[str, Path(max_length=40)],
    operation: Annotated[str, Path(max_length=160)],
    request: Request,
    control: ControlDep,
) -> Response:
    api = _find(control, name)
    found = documents.find(api, operation)
    if found is None:
        raise NotFound(f"There is no such operation: see {APIS}/{name}.")
    document, body = api.document, _example_body(api, found)
    schemas = [one.schema for one in _bodies(found)]
    return portal_page(
        request,
        control,
        "portal/operation.html",
        await signed_in(request, control),
        api=describe(api, control.public_url),
        one=found,
        example=examples.curl(control.public_url, found.route, _query(found), body),
        body=body,
        shown=lambda schema: schema_rows.shown(document, "", schema),
        type_of=schema_rows.type_of,
        schemas=schema_rows.reached(document, *schemas),
        can_try=not found.route.get("upgrade"),
        title_of=title_of(request),
    )


def _find(control: Control, name: str) -> CompiledApi:
    for api in offers.usable(control):
        if api.territory.name == name:
            return api
    raise NotFound(f"There is no API {name!r}: see {APIS}.")


def _by_tag(found: list[Operation]) -> list[tuple[str, list[Operation]]]:
    ordered = sorted(found, key=lambda one: one.tag)
    return [(tag, list(some)) for tag, some in groupby(ordered, key=lambda one: one.tag)]


def _words(one: Operation) -> str:
    return offers.folded(f"{one.route['method']} {one.route['path']} {one.summary} {one.id}")


def _bodies(one: Operation) -> list[documents.Body]:
    return [*one.bodies, *(body for reply in one.replies for body in reply.bodies)]


def _example_body(api: CompiledApi, one: Operation) -> str:
    """JSON to begin with; empty where the operation takes none."""
    for body in one.bodies:
        if "json" in body.media_type:
            value: Any = body.example
            if value is None:
                value = samples.sample(api.document, body.schema)
            made = orjson.dumps(value, option=_ORJSON).decode()
            return made if len(made) <= _LARGEST_EXAMPLE else "{}"
    return ""


def _query(one: Operation) -> str:
    """What has to be in the query, with its name in capitals."""
    wanted = [
        f"{parameter.name}={parameter.default or parameter.name.upper()}"
        for parameter in one.parameters
        if parameter.place == "query" and parameter.required
    ]
    return "?" + "&".join(wanted) if wanted else ""


def _has_events(control: Control) -> bool:
    return any(api.territory.name == "broker" for api in offers.usable(control))
