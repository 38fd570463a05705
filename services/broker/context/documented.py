"""Query parameters that a route reads by itself, as its OpenAPI document has them.

FastAPI would check each of them at every request, which takes longer than answering it; they are
read in :mod:`~services.broker.context.params`, whose refusals are those of NGSI-LD.
"""

from __future__ import annotations

from typing import Any


def with_parameters(
    operation: dict[str, Any], *, path: str = "", **examples: str
) -> dict[str, Any]:
    """The ``openapi_extra`` of a route, with optional query parameters.

    Args:
        path: the parameter in its path, where the route reads that by itself, too.
        examples: name → example, or ``""`` for none.
    """
    found = [_parameter(name, "query", example) for name, example in examples.items()]
    if path:
        found.insert(0, {**_parameter(path, "path", ""), "required": True})
    return {**operation, "parameters": found}


def _parameter(name: str, where: str, example: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": where, "schema": {"type": "string"}}
    return {**found, "example": example} if example else found
