"""Every event type and entity type that the platform knows, gathered from the domains' modules.

A domain adds its line to ``DOMAINS`` and nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from pydantic import BaseModel

from schemas.ngsild import Entity

DOMAINS: Final = (
    "schemas.administration",
    "schemas.context",
    "schemas.disaster",
    "schemas.education",
    "schemas.evacuation",
    "schemas.logistics",
    "schemas.medical",
    "schemas.mobility",
    "schemas.payments",
)
"""Each has ``EVENTS: dict[type, model of data]`` and ``ENTITIES: tuple[type[Entity], …]``."""


@cache
def event_types() -> dict[str, type[BaseModel]]:
    """Event type → model of its ``data``."""
    found: dict[str, type[BaseModel]] = {}
    for module in _modules():
        for name, model in module.EVENTS.items():
            if name in found:
                raise ValueError(f"event type {name} is registered twice")
            found[name] = model
    return found


@cache
def entity_types() -> dict[str, type[Entity]]:
    """NGSI-LD type → canonical entity."""
    return {entity.entity_type: entity for m in _modules() for entity in m.ENTITIES}


@cache
def event_schema(type_: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of an event type's ``data``; KeyError when it is not registered."""
    schema = event_types()[type_].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def topics() -> list[str]:
    """The log's topics: every event type without its verb."""
    return sorted({name.rpartition(".")[0] for name in event_types()})


def _modules() -> list[ModuleType]:
    return [import_module(name) for name in DOMAINS]
