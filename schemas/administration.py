"""Canonical entities and events of the administration domain."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from schemas.ngsild import Entity

ENTITIES: Final[tuple[type[Entity], ...]] = ()
EVENTS: Final[dict[str, type[BaseModel]]] = {}
