"""Stored contexts over HTTP: ``/ngsi-ld/v1/jsonldContexts`` (GS CIM 009 §5.13, §6.29, §6.30)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from schemas.kit.cached import cached
from schemas.ngsild import timestamp
from schemas.problem import BadRequest
from schemas.scopes import ENTITIES_READ, ENTITIES_WRITE
from schemas.xcity import operation, raw_body
from services.broker.body import media_type, parse_json, read_body
from services.broker.context.errors import (
    BadRequestData,
    InvalidRequest,
    LdContextNotAvailable,
    OperationNotSupported,
    ResourceNotFound,
    UnsupportedMediaType,
)
from services.broker.context.ld.contexts import PATH, Contexts
from services.broker.context.ld.process import check_context, compile_context, urls_in
from services.broker.context.ld.stored import KINDS, StoredContext, cached_id
from services.broker.context.negotiation import JSON, JSON_LD
from services.broker.context.params import ParamsDep
from services.broker.parts import BrokerDep

router = APIRouter(tags=["context"])

_FRESH_SECONDS: Final = 60
_BODY = raw_body(JSON, JSON_LD, description="An object with the member `@context`; at most 1 MiB.")
_ADD = operation(ENTITIES_WRITE, dataset="context", request_body=_BODY)
_LIST = operation(ENTITIES_READ, dataset="context")
_SERVE = operation(access="open", dataset="context", cache=True)
_DELETE = operation(ENTITIES_WRITE, dataset="context")

ContextPath = Annotated[str, Path(examples=["urn:uuid:6b7c2f3e-0f8d-4c60-9f57-2f6a0c1f3d11"])]
Details = Annotated[str, Query(examples=["true"])]


@router.post(
    "/jsonldContexts",
    summary="Add a @context",
    status_code=201,
    response_class=Response,
    openapi_extra=_ADD,
)
async def add_context(request: Request, broker: BrokerDep, params: ParamsDep) -> Response:
    """§5.13.2. 201 with `Location`; what stands beside `@context` is not kept."""
    content = await _sent_context(request)
    id_ = await broker.contexts.stored.host(content, params.tenant)
    return Response(status_code=201, headers={"location": f"{PATH}/{id_}"})


async def _sent_context(request: Request) -> Any:
    if (media := media_type(request)) not in (JSON, JSON_LD):
        raise UnsupportedMediaType(f"The content type is {media or 'missing'}.")
    try:
        body = parse_json(await read_body(request))
    except BadRequest as error:
        raise InvalidRequest(error.detail) from error
    if not isinstance(body, dict) or body.get("@context") is None:
        raise BadRequestData("Send an object with the member @context.")
    content = body["@context"]
    check_context(content)
    if not urls_in(content):  # those that it names are fetched when it is used
        compile_context(content, {})
    return content


@router.get(
    "/jsonldContexts",
    summary="List stored @contexts",
    response_class=Response,
    openapi_extra=_LIST,
)
async def list_contexts(
    request: Request, broker: BrokerDep, params: ParamsDep, details: Details = "", kind: str = ""
) -> Response:
    """§5.13.3. URLs, or with `details=true` objects; `kind` is Cached, Hosted, ImplicitlyCreated.

    Cached contexts are the broker's own, and listed for its default tenant.
    """
    with_details = params.flag("details")
    if kind and kind not in KINDS:
        raise BadRequestData(f"kind is one of: {', '.join(KINDS)}.")
    await broker.contexts.write_hits()
    found = await broker.contexts.stored.all(params.tenant, kind)
    urls = [_url(stored, request, broker.contexts) for stored in found]
    body = [_details(s, url) for s, url in zip(found, urls, strict=True)] if with_details else urls
    return Response(orjson.dumps(body), media_type=JSON)


@router.get(
    "/jsonldContexts/{context}",
    summary="Serve a stored @context",
    response_class=Response,
    openapi_extra=_SERVE,
)
async def serve_context(
    context: ContextPath,
    request: Request,
    broker: BrokerDep,
    params: ParamsDep,
    details: Details = "",
) -> Response:
    """§5.13.4. Its content, or with `details=true` what is known about it.

    422 for the content of a cached one, which is served where it came from.
    """
    if params.flag("details"):
        await broker.contexts.write_hits()
        stored = await _find(context, broker.contexts)
        body = _details(stored, _url(stored, request, broker.contexts))
        return Response(orjson.dumps(body), media_type=JSON)
    stored = await _find(context, broker.contexts)
    if stored.kind == "Cached":
        raise OperationNotSupported(f"{context} is cached; get it from {stored.url}.")
    broker.contexts.served(stored.id)
    content = orjson.dumps({"@context": stored.content})
    return cached(Response(content, media_type=params.media), seconds=_FRESH_SECONDS)


@router.delete(
    "/jsonldContexts/{context}",
    summary="Delete or reload a stored @context",
    status_code=204,
    response_class=Response,
    openapi_extra=_DELETE,
)
async def delete_context(
    context: ContextPath,
    broker: BrokerDep,
    params: ParamsDep,
    reload: Annotated[str, Query(examples=["true"])] = "",
) -> Response:
    """§5.13.5. `reload=true` fetches a cached one again, and keeps it as it is if that fails."""
    wants_reload = params.flag("reload")
    stored = await _find(context, broker.contexts)
    if stored.tenant != params.tenant:
        raise ResourceNotFound(f"There is no stored @context {context}.")
    if wants_reload:
        await _reload(stored, broker.contexts)
    else:
        await broker.contexts.delete(stored.id, stored.url)
    return Response(status_code=204)


async def _reload(stored: StoredContext, contexts: Contexts) -> None:
    if stored.kind != "Cached":
        raise BadRequestData("Only a cached @context is reloaded; this one is kept here.")
    try:
        await contexts.reload(stored.url)
    except (LdContextNotAvailable, BadRequestData) as error:
        # Table 6.30.3.2-2, which has a status of its own for this
        raise LdContextNotAvailable(error.detail, status=504) from error


async def _find(context: str, contexts: Contexts) -> StoredContext:
    """By its id, or the URL that a cached one came from."""
    for id_ in (context, cached_id(context)):
        if stored := await contexts.stored.get(id_):
            return stored
    raise ResourceNotFound(f"There is no stored @context {context}.")


def _url(stored: StoredContext, request: Request, contexts: Contexts) -> str:
    base = "" if contexts.public_url else str(request.base_url).rstrip("/")
    return stored.url or base + contexts.url_of(stored.id)


def _details(stored: StoredContext, url: str) -> dict[str, Any]:
    """§5.13.3.5."""
    times = {"expiresAt": stored.expires, "lastUsage": stored.used}
    return {
        "URL": url,
        "localId": stored.id,
        "kind": stored.kind,
        "createdAt": _moment(stored.created),
        **{name: _moment(at) for name, at in times.items() if at is not None},
        "numberOfHits": stored.hits,
    }


def _moment(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))
