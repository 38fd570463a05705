"""Query parameters that a route reads by itself, as its OpenAPI document has them.

FastAPI would check each of them at every request, which takes longer than answering it; they are
read in :mod:`~services.broker.context.params`, whose refusals are those of NGSI-LD.
"""

from __future__ import annotations

from typing import Any


def with_parameters(operation: dict[str, Any], **examples: str) -> dict[str, Any]:
    """The ``openapi_extra`` of a route, with optional query parameters.

    Args:
        examples: name → example, or ``""`` for none.
    """
    return {**operation, "parameters": [_parameter(*pair) for pair in examples.items()]}


def _parameter(name: str, example: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": "query", "schema": {"type": "string"}}
    return {**found, "example": example} if example else found
