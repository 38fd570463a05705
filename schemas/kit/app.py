"""A FastAPI application that follows the platform's conventions.

Its OpenAPI document is at ``<prefix>/openapi.json``; refusals are problem details; the caller comes
from the gateway's headers, and only from the gateway; ``/healthz`` says the process lives,
``/readyz`` that it can serve.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from schemas import headers
from schemas.problem import (
    MEDIA_TYPE,
    BadRequest,
    Fault,
    Forbidden,
    Problem,
    Unprocessable,
)
from schemas.scopes import parse
from schemas.xcity import KEY, SECURITY_SCHEME, ApiInfo

logger = logging.getLogger(__name__)

Readiness = Callable[[], Awaitable[str]]
"""Returns ``""`` when ready, else what is missing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the gateway has verified it.

    Attributes:
        client: ``client_id``; empty on an open route called without a token.
        subject: the resident's pseudonym in this API's sector; empty when none is behind.
        scopes: of the token.
        request_id: for logs and problem details.
    """

    client: str
    subject: str
    scopes: frozenset[str]
    request_id: str


def _caller(request: Request) -> Caller:
    get = request.headers.get
    return Caller(
        client=get(headers.CLIENT, ""),
        subject=get(headers.SUBJECT, ""),
        scopes=parse(get(headers.SCOPE, "")),
        request_id=get(headers.REQUEST_ID, ""),
    )


CallerDep = Annotated[Caller, Depends(_caller)]


def create_app(
    info: ApiInfo,
    *,
    title: str,
    description: str,
    prefix: str,
    routers: Iterable[APIRouter],
    version: str = "1.0.0",
    gateway_key: str = "",
    lifespan: Lifespan[FastAPI] | None = None,
    ready: Readiness | None = None,
    notes: Readiness | None = None,
) -> FastAPI:
    """One API of the city.

    Args:
        info: the API and its data sets, for the catalogue.
        prefix: public path of the API, such as ``/mobility/v1``; routers are mounted under it.
        gateway_key: secret that the gateway sends; requests without it are refused. Empty only
            where nothing but the gateway can reach the process.
        ready: what ``/readyz`` asks.
        notes: what it says beside being ready: what works less well than it should.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    for router in routers:
        app.include_router(router, prefix=prefix)
    _describe(app, info)
    add_problem_handlers(app)
    add_probes(app, ready, notes)
    if gateway_key:
        app.add_middleware(GatewayOnly, key=gateway_key, open_paths=(app.openapi_url or "",))
    return app


def _describe(app: FastAPI, info: ApiInfo) -> None:
    """Complete the OpenAPI document with what the policy compiler reads."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document[KEY] = info.as_json()
            scopes = _scopes_used(document)
            flow = {"tokenUrl": "/oauth/token", "scopes": scopes}
            components = document.setdefault("components", {})
            components["securitySchemes"] = {
                SECURITY_SCHEME: {"type": "oauth2", "flows": {"clientCredentials": flow}}
            }
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _scopes_used(document: dict[str, Any]) -> dict[str, str]:
    operations = (op for item in document.get("paths", {}).values() for op in item.values())
    named = (
        scope
        for operation in operations
        for requirement in operation.get("security", [])
        for scope in requirement.get(SECURITY_SCHEME, [])
    )
    return dict.fromkeys(sorted(set(named)), "")


def add_problem_handlers(app: FastAPI) -> None:
    """Make every refusal a problem (RFC 9457), and no failure a stack trace."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_failure)


def problem_response(request: Request, problem: Problem) -> Response:
    instance = request.headers.get(headers.REQUEST_ID, "")
    return JSONResponse(
        problem.as_json(f"urn:request:{instance}" if instance else ""),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type only
    return problem_response(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    faults = tuple(Fault(_pointer(item["loc"]), str(item["msg"])) for item in error.errors()[:50])
    unreadable = any(item["type"] == "json_invalid" for item in error.errors())
    kind = BadRequest if unreadable else Unprocessable
    return problem_response(
        request, kind("Correct what `errors` names and send it again.", faults=faults)
    )


def _pointer(location: Iterable[Any]) -> str:
    where, *rest = location or ("request",)
    if where == "body":
        return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return f"{where} {'.'.join(map(str, rest))}".strip()


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    slugs = {404: "not-found", 405: "method-not-allowed", 400: "bad-request", 413: "too-large"}
    problem = Problem(
        f"{error.detail}: {request.method} {request.url.path}",
        status=error.status_code,
        slug=slugs.get(error.status_code, f"http-{error.status_code}"),
        title=str(error.detail),
        headers=dict(error.headers or {}),
    )
    return problem_response(request, problem)


async def _on_failure(request: Request, error: Exception) -> Response:
    logger.error("failed to answer %s", request.headers.get(headers.REQUEST_ID), exc_info=error)
    return problem_response(request, Problem("The failure is in the log under the request's id."))


def add_probes(app: FastAPI, ready: Readiness | None, notes: Readiness | None = None) -> None:
    """``/healthz`` and ``/readyz``, for the process's supervisor; not part of the open API."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        missing = await ready() if ready else ""
        body = {"status": "not ready", "missing": missing} if missing else {"status": "ready"}
        if notes and (note := await notes()):
            body["notes"] = note
        return JSONResponse(body, status_code=503 if missing else 200)


class GatewayOnly:
    """ASGI middleware: what does not come through the gateway is refused.

    Args:
        key: the shared secret expected in ``X-City-Gateway-Key``.
        open_paths: paths served to anybody on the inner network (the OpenAPI document).
    """

    def __init__(self, app: ASGIApp, key: str, open_paths: tuple[str, ...] = ()) -> None:
        self._app = app
        self._key = key.encode()
        self._open = frozenset(("/healthz", "/readyz", "/metrics", *open_paths))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._open or self._trusted(scope):
            await self._app(scope, receive, send)
            return
        problem = Forbidden("This address serves the gateway only; call the platform's open API.")
        response = problem_response(Request(scope), problem)
        await response(scope, receive, send)

    def _trusted(self, scope: Scope) -> bool:
        name = headers.GATEWAY_KEY.encode()
        given = next((value for key, value in scope["headers"] if key == name), b"")
        return hmac.compare_digest(given, self._key)
