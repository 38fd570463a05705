"""Reading the APIs' OpenAPI documents for people: operations, parameters, bodies, answers.

The documents are other people's. What they say is shown as text and never as anything else; what is
shaped otherwise than OpenAPI has it is passed over; references go into the document's components
alone, and a few deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.control.policy.compiler import METHODS, CompiledApi
from gateway.control.policy.document import Json
from schemas.policy import Route

MOST_TEXT: Final = 4_000
_MOST_PARAMETERS: Final = 100
_DEEPEST_REFERENCE: Final = 8
_PAGES: Final = ("/my", "/staff", "/developers", "/console", "/assets")
"""The platform's own pages, which are for people and no API."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Attributes:
    place: ``path``, ``query``, ``header`` or ``cookie``.
    default: what is used when it is left out; empty for nothing.
    choices: all that it may be; empty for anything of its type.
    """

    name: str
    place: str
    required: bool
    description: str
    schema: Json
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """What goes with a request, or comes with an answer, in one media type."""

    media_type: str
    schema: Any
    example: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    status: str
    description: str
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with the route that the gateway has for it.

    Attributes:
        id: as it stands in the address of its reference.
    """

    id: str
    route: Route
    summary: str
    description: str
    tag: str
    deprecated: bool
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()
    replies: tuple[Reply, ...] = ()
    scopes: tuple[tuple[str, ...], ...] = field(default=())


def operations(api: CompiledApi) -> Iterator[Operation]:
    """Every operation that is for programs, in the document's order."""
    routes = {(route["method"], route["path"]): route for route in api.routes}
    for path, item in api.document["paths"].items():
        public = api.mounts.get(path, "")
        if not isinstance(item, dict) or _is_page(api, public):
            continue
        for method in METHODS:
            route = routes.get((method.upper(), public))
            if route is not None and isinstance(item.get(method), dict):
                yield _operation(api.document, route, item, item[method])


def find(api: CompiledApi, operation_id: str) -> Operation | None:
    return next((one for one in operations(api) if one.id == operation_id), None)


def resolved(document: Json, node: Any) -> Json:
    """The object that ``node`` is or refers to; an empty one for anything else."""
    for _ in range(_DEEPEST_REFERENCE):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        node = _component(document, reference)
    return {}


def text(value: Any) -> str:
    """What a document says, as text of bounded length."""
    return value[:MOST_TEXT] if isinstance(value, str) else ""


def _component(document: Json, reference: str) -> Any:
    parts = reference.split("/")
    node: Any = document if parts[:2] == ["#", "components"] else None
    for part in parts[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _is_page(api: CompiledApi, path: str) -> bool:
    own = api.territory.name == "control" and api.territory.internal
    return own and (path == "/" or any(path == one or path.startswith(one + "/") for one in _PAGES))


def _operation(document: Json, route: Route, item: Json, found: Json) -> Operation:
    tags = found.get("tags")
    return Operation(
        id=route["id"].partition(".")[2],
        route=route,
        summary=text(found.get("summary")),
        description=text(found.get("description")),
        tag=text(tags[0]) if isinstance(tags, list) and tags else "",
        deprecated=found.get("deprecated") is True,
        parameters=tuple(_parameters(document, item, found)),
        bodies=_bodies(document, resolved(document, found.get("requestBody"))),
        replies=tuple(_replies(document, found)),
        scopes=tuple(tuple(some) for some in route["scopes"]),
    )


def _parameters(document: Json, item: Json, found: Json) -> Iterator[Parameter]:
    given: dict[tuple[str, str], Parameter] = {}
    for source in (item.get("parameters"), found.get("parameters")):
        for one in source if isinstance(source, list) else ():
            parameter = _parameter(document, resolved(document, one))
            if parameter.name:
                given[parameter.place, parameter.name] = parameter
    yield from list(given.values())[:_MOST_PARAMETERS]


def _parameter(document: Json, found: Json) -> Parameter:
    schema = resolved(document, found.get("schema"))
    choices = schema.get("enum")
    default = schema.get("default")
    return Parameter(
        name=text(found.get("name")),
        place=text(found.get("in")),
        required=found.get("required") is True,
        description=text(found.get("description") or schema.get("description")),
        schema=schema,
        default="" if default is None else str(default)[:200],
        choices=tuple(str(one) for one in choices[:50]) if isinstance(choices, list) else (),
    )


def _bodies(document: Json, found: Json) -> tuple[Body, ...]:
    content = found.get("content")
    return tuple(
        Body(text(media_type), one.get("schema"), one.get("example"))
        for media_type, one in (content.items() if isinstance(content, dict) else ())
        if isinstance(one, dict)
    )


def _replies(document: Json, found: Json) -> Iterator[Reply]:
    answers = found.get("responses")
    for status, one in answers.items() if isinstance(answers, dict) else ():
        answer = resolved(document, one)
        yield Reply(str(status)[:10], text(answer.get("description")), _bodies(document, answer))
