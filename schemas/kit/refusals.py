"""How an API says no: every refusal a problem (RFC 9457), and no failure a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from schemas import headers
from schemas.problem import MEDIA_TYPE, BadRequest, Fault, Problem, Unavailable, Unprocessable

logger = logging.getLogger(__name__)

STORE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What the stores' drivers raise when there is nobody, or nobody in time."""

_NUL_IN_TEXT: Final = ("22021", "22P05")
"""PostgreSQL: character_not_in_repertoire; in JSON untranslatable_character.

JSON and URLs can carry a NUL, its text cannot.
"""


def add_problem_handlers(app: FastAPI) -> None:
    """Make every refusal a problem, and a store that is away a 503 and not a failure."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_store)
    for kind in STORE_AWAY:
        app.add_exception_handler(kind, _on_store_away)
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


async def _on_store_away(request: Request, error: Exception) -> Response:
    logger.error("the store is away: %s", type(error).__name__)
    problem = Unavailable("The store is away or busy; try again.", headers={"retry-after": "2"})
    return problem_response(request, problem)


async def _on_store(request: Request, error: Exception) -> Response:
    if getattr(getattr(error, "orig", None), "sqlstate", "") in _NUL_IN_TEXT:
        problem = Unprocessable("A text holds the character NUL; send it without.")
        return problem_response(request, problem)
    return await _on_failure(request, error)
