"""What entities look like: their types, and which attributes of which kind they have.

Entities of one kind mostly have the same shape, so that there are few shapes beside many entities:
what types and attributes there are is answered from these (§5.7.5 to §5.7.10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from services.broker.context.model import ContextEntity


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


def shape_of(entity: ContextEntity) -> Shape:
    types = sorted(entity.types)
    attributes = {
        name: _counted(instance["type"] for instance in instances)
        for name, instances in sorted(entity.attributes.items())
    }
    restricted = entity.restricted
    text = orjson.dumps([restricted, types, attributes])
    id_ = int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)
    return Shape(id_, restricted, types, attributes)


def _counted(kinds: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return found if len(found) < 2 else dict(sorted(found.items()))
