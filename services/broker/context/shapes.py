"""What entities look like: their types, and which attributes of which kind they have.

Entities of one kind mostly have the same shape, so that there are few shapes beside many entities:
what types and attributes there are is answered from these (§5.7.5 to §5.7.10).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from services.broker.context.model import ContextEntity

_MOST_KNOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """One look.

    Attributes:
        id: a hash of the rest, which fits a signed 64-bit integer.
        attributes: name → kind → how many instances.
    """

    id: int
    restricted: bool
    types: list[str]
    attributes: dict[str, dict[str, int]]

    def as_row(self) -> dict[str, Any]:
        return {
            "shape": self.id,
            "restricted": int(self.restricted),
            "types": self.types,
            "attributes": self.attributes,
        }


class Shapes:
    """The shapes of entities, remembered; those that the store has are known."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, Shape] = {}
        self.stored: set[int] = set()

    def of(self, entity: ContextEntity) -> Shape:
        look = _look(entity)
        found = self._seen.get(look)
        if found is None:
            if len(self._seen) >= _MOST_KNOWN:
                self._seen.clear()
            found = self._seen[look] = _shape(entity)
        return found


def _look(entity: ContextEntity) -> Hashable:
    """All that the shape depends on, quickly."""
    return entity.types, tuple(
        (name, instances[0]["type"])
        if len(instances) == 1
        else (name, *[instance["type"] for instance in instances])
        for name, instances in entity.attributes.items()
    )


def _shape(entity: ContextEntity) -> Shape:
    types = sorted(entity.types)
    attributes = {
        name: _counted(instances) for name, instances in sorted(entity.attributes.items())
    }
    restricted = entity.restricted
    text = orjson.dumps([restricted, types, attributes])
    id_ = int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
    return Shape(id_, restricted, types, attributes)


def _counted(instances: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for instance in instances:
        found[instance["type"]] = found.get(instance["type"], 0) + 1
    return dict(sorted(found.items()))
