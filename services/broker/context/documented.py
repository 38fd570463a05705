"""Query parameters that a route reads by itself, as its OpenAPI document has them.

FastAPI would check each of them at every request, which takes longer than answering it; they are
read in :mod:`~services.broker.context.params`, whose refusals are those of NGSI-LD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from schemas.ngsild import urn

_IN_PATHS: Final = {"entity": urn("Vehicle", "mirai", "bus-1"), "attribute": "speed"}


def with_parameters(
    operation: dict[str, Any], *, path: Sequence[str] = (), **examples: str
) -> dict[str, Any]:
    """The ``openapi_extra`` of a route, with optional query parameters.

    Args:
        path: the parameters in its path, where the route reads these by itself, too.
        examples: name → example, or ``""`` for none.
    """
    inside = [
        {**_parameter(name, "path", _IN_PATHS.get(name, "")), "required": True} for name in path
    ]
    behind = [_parameter(name, "query", example) for name, example in examples.items()]
    return {**operation, "parameters": inside + behind}


def _parameter(name: str, where: str, example: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": where, "schema": {"type": "string"}}
    return {**found, "example": example} if example else found
