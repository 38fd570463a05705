"""A FastAPI application that follows the platform's conventions.

Its OpenAPI document is at ``<prefix>/openapi.json``; refusals are problem details; the caller comes
from the gateway's headers, and only from the gateway; ``/healthz`` says the process lives,
``/readyz`` that it can serve.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic.alias_generators import to_camel
from starlette.types import Lifespan

from schemas.kit.cached import Validators
from schemas.kit.caller import GatewayOnly
from schemas.kit.refusals import add_problem_handlers
from schemas.xcity import KEY, SECURITY_SCHEME, ApiInfo

Readiness = Callable[[], Awaitable[str]]
"""Returns ``""`` when ready, else what is missing."""


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
        generate_unique_id_function=lambda route: to_camel(route.name),
    )
    for router in routers:
        app.include_router(router, prefix=prefix)
    _describe(app, info)
    add_problem_handlers(app)
    add_probes(app, ready, notes)
    app.add_middleware(Validators)
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
