"""Operations that read their requests themselves, and so are called without further ado.

At every request FastAPI looks at one route after the other, then for dependencies, parameters and a
body: longer than it takes to answer a small one. An operation whose function takes the request and
nothing else needs none of it. It is declared, documented and refused like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route whose function is called with the request, where that is all it takes."""

    @property
    def direct(self) -> Endpoint | None:
        """The function; None where it takes more than the request."""
        return self.endpoint if list(signature(self.endpoint).parameters) == ["request"] else None

    def get_route_handler(self) -> Endpoint:
        return self.direct or super().get_route_handler()


@dataclass(slots=True)
class _Step:
    """What may follow in a path.

    Attributes:
        literal: segment → what may follow it.
        other: what may follow any other segment, which is a parameter.
        ends: method → the operation of the route that ends here, and the names of its parameters;
            None where it is FastAPI's to call.
    """

    literal: dict[str, _Step] = field(default_factory=dict)
    other: _Step | None = None
    ends: dict[str, tuple[Endpoint, list[str]] | None] = field(default_factory=dict)

    def after(self, segment: str) -> _Step:
        """The step behind one segment of a route's path, made where it is not there."""
        if not segment.startswith("{"):
            return self.literal.setdefault(segment, _Step())
        self.other = self.other or _Step()
        return self.other


class Directory:
    """Finds the direct operations of some routers by method and path, segment by segment.

    Args:
        routers: by the prefix that they are mounted under.
    """

    def __init__(self, routers: Mapping[str, Iterable[APIRouter]]) -> None:
        self._first = _Step()
        for prefix, several in routers.items():
            for router in several:
                for route in router.routes:
                    if isinstance(route, APIRoute):
                        self._add(prefix + route.path, route)

    def _add(self, path: str, route: APIRoute) -> None:
        segments = path.split("/")
        step = self._first
        for segment in segments:
            step = step.after(segment)
        names = [segment.strip("{}") for segment in segments if segment.startswith("{")]
        endpoint = None if ":" in path else getattr(route, "direct", None)  # {id:int} is converted
        for method in route.methods or ():
            # of two routes for the same the first is meant, as FastAPI has it
            step.ends.setdefault(method, (endpoint, names) if endpoint else None)

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The operation and its path parameters; None where FastAPI is to look."""
        step, values = self._first, []
        for segment in path.split("/"):
            below = step.literal.get(segment)
            if below is None:
                below = step.other if segment else None
                values.append(segment)
            if below is None:
                return None
            step = below
        found = step.ends.get(method)
        return (found[0], dict(zip(found[1], values, strict=True))) if found else None


class Direct:
    """ASGI middleware, the innermost: direct operations are called, all else is FastAPI's.

    Args:
        refusals: the application's exception handlers.
    """

    def __init__(self, app: ASGIApp, directory: Directory, refusals: Mapping[Any, Any]) -> None:
        self._app, self._directory, self._refusals = app, directory, refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = scope["type"] == "http" and self._directory.find(scope["method"], scope["path"])
        if not found:
            await self._app(scope, receive, send)
            return
        endpoint, scope["path_params"] = found
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            response = await self._refuse(request, error)
        await response(scope, receive, send)

    async def _refuse(self, request: Request, error: Exception) -> Response:
        """The answer to what was raised; raises it again where that is nobody's to expect."""
        for kind in type(error).__mro__:
            if kind is not Exception and kind in self._refusals:
                response: Response = await self._refusals[kind](request, error)
                return response
        raise error


def call_directly(app: FastAPI, routers: Mapping[str, Iterable[APIRouter]]) -> None:
    """Have the direct operations of an application called without FastAPI's router.

    Behind all other middleware, whenever that is added: who may not come in reaches none of them.

    Args:
        routers: those that the application includes, by prefix.
    """
    inner = Middleware(Direct, directory=Directory(routers), refusals=app.exception_handlers)
    app.user_middleware.append(inner)
