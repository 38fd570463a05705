"""Event types as the broker knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final

from schemas.context import ENTITY_CHANGED
from schemas.registry import event_schema, event_types
from schemas.xcity import LegalClass
from services.broker.events.visibility import class_of_event
from services.broker.registry.pattern import Validator

CITY: Final = ""
"""Owner of the types that are in ``schemas/``: whoever holds the scope for them."""

KEPT_DAYS: Final = 7


class Compatibility(StrEnum):
    """What the next version of a type must keep to (of the version before it)."""

    BACKWARD = "backward"
    """Accepts what the one before accepted: publishers may stay as they are."""
    FORWARD = "forward"
    """Lets through only what a reader of the one before can read, passing over new members."""
    FULL = "full"
    """Both."""
    NONE = "none"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a type's schema.

    Attributes:
        registered: seconds since the epoch; 0 for what came with the broker.
    """

    number: int
    schema: dict[str, Any]
    registered: int = 0
    validator: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, number: int, schema: dict[str, Any], registered: int = 0) -> Version:
        return cls(number, schema, registered, Validator(schema))


@dataclass(frozen=True, slots=True)
class KnownType:
    """One event type.

    Attributes:
        owner: the client that alone publishes it; :data:`CITY` for the city's own.
        versions: by number, the newest last; at least one.
    """

    name: str
    owner: str
    description: str
    legal_class: LegalClass
    compatibility: Compatibility
    retention_days: int
    versions: tuple[Version, ...]

    @property
    def topic(self) -> str:
        """Where it is on the log: the type without its verb."""
        return self.name.rpartition(".")[0]

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)

    def dataschema(self, version: Version) -> str:
        """What ``dataschema`` says of an event that keeps to ``version``."""
        return f"/schemas/v1/{self.name}/versions/{version.number}"


@cache
def city_type(name: str) -> KnownType | None:
    """A type that is declared in ``schemas/``: version 1, changed with the code only."""
    model = event_types().get(name)
    if model is None:
        return None
    lines = (model.__doc__ or "").strip().splitlines()
    return KnownType(
        name=name,
        owner=CITY,
        description=lines[0] if lines else "",
        legal_class=class_of_event(name),
        compatibility=Compatibility.FULL,
        retention_days=0 if name == ENTITY_CHANGED else KEPT_DAYS,
        versions=(Version.of(1, event_schema(name)),),
    )
