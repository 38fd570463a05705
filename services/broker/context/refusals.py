"""How the NGSI-LD API says no (GS CIM 009 §5.5.3, §6.3.2 to §6.3.4).

The refusals of the broker's other APIs, with what the specification has otherwise: the media type
is ``application/json``, the type is one of its own, and some statuses have no body.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.broker.context.door import is_ours
from services.broker.context.errors import TYPE_PREFIX
from services.broker.context.negotiation import JSON

Handler = Callable[[Request, Exception], Awaitable[Response]]

_WITHOUT_BODY: Final = (411, 415)
_TYPES: Final = {
    400: "BadRequestData",
    404: "ResourceNotFound",
    405: "OperationNotSupported",
    409: "AlreadyExists",
    422: "BadRequestData",
}


def add_ngsi_refusals(app: FastAPI) -> None:
    """Have everything that is refused under the NGSI-LD API refused in its own way."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _ours(app, handler))


def _ours(app: FastAPI, handler: Any) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        response: Response = await handler(request, error)
        if not is_ours(request.url.path):
            return response
        if isinstance(error, HTTPException) and error.status_code == 405:
            return _not_allowed(app, request, response)
        return as_ngsi(response, 400 if isinstance(error, RequestValidationError) else 0)

    return handle


def as_ngsi(response: Response, status: int = 0) -> Response:
    """A refusal as the NGSI-LD API says it.

    Args:
        status: another one than it has.
    """
    status = status or response.status_code
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "content-type")
    }
    if status in _WITHOUT_BODY:
        return Response(status_code=status, headers=headers)
    body = {**orjson.loads(bytes(response.body)), "status": status}
    if not str(body["type"]).startswith(TYPE_PREFIX):
        usual = "InternalError" if status >= 500 else "InvalidRequest"
        body["type"] = TYPE_PREFIX + _TYPES.get(status, usual)
    return Response(orjson.dumps(body), status_code=status, headers=headers, media_type=JSON)


def _not_allowed(app: FastAPI, request: Request, refusal: Response) -> Response:
    """405 with all that is allowed (RFC 9110 §15.5.6); for OPTIONS, just that (§9.3.7)."""
    methods = _methods(app, request.url.path)
    allow = ", ".join(sorted({*methods, "OPTIONS", *({"HEAD"} if "GET" in methods else ())}))
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"allow": allow})
    refusal.headers["allow"] = allow
    return as_ngsi(refusal)


def _methods(app: FastAPI, path: str) -> set[str]:
    """The methods of all operations on a path; a route knows only its own."""
    found: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            found.update(method.upper() for method in operations)
    return found
