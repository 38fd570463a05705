"""Canonical entities: one thing in the city, said in two ways.

The open APIs answer with :meth:`Entity.as_keyvalues` (plain JSON); the broker is told
:meth:`Entity.as_ngsild`, the normalized representation of ETSI GS CIM 009 §4.5.1. A field's
annotation says which kind of attribute it is::

    class Vehicle(Entity):
        entity_type = "Vehicle"
        location: Point                               # GeoProperty
        speed: Annotated[float | None, Unit("KMH")] = None   # Property with unitCode
        service: Annotated[str | None, Relationship()] = None  # Relationship to another entity
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from schemas.xcity import LegalClass

URN_PREFIX: Final = "urn:ngsi-ld:"
_UNSAFE = re.compile(r"[^A-Za-z0-9._~-]")

EntityId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"'(){}|\\^`]+$", max_length=512),
]


def urn(entity_type: str, *parts: str) -> str:
    """``urn:ngsi-ld:<Type>:<part>:…``; characters that a URI cannot hold are percent-encoded."""
    return URN_PREFIX + ":".join((entity_type, *map(_encode, parts)))


def _encode(part: str) -> str:
    return _UNSAFE.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), part)


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a number's unit: a UN/CEFACT Recommendation 20 code (``KMH``, ``MTR``, ``CEL``)."""

    code: str


@dataclass(frozen=True, slots=True)
class Relationship:
    """Marks a field whose value is the id of another entity, or a list of such ids."""


class Point(BaseModel):
    """GeoJSON Point (RFC 7946): longitude first, then latitude, in degrees, WGS 84 / JGD2011."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["Point"] = "Point"
    coordinates: tuple[
        Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]
    ]

    @classmethod
    def at(cls, latitude: float, longitude: float) -> Point:
        return cls(coordinates=(longitude, latitude))

    @property
    def latitude(self) -> float:
        return self.coordinates[1]

    @property
    def longitude(self) -> float:
        return self.coordinates[0]


class Polygon(BaseModel):
    """GeoJSON Polygon (RFC 7946 §3.1.6): closed rings, the outer one first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["Polygon"] = "Polygon"
    coordinates: tuple[tuple[tuple[float, float], ...], ...]


class MultiPolygon(BaseModel):
    """GeoJSON MultiPolygon (RFC 7946 §3.1.7)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["MultiPolygon"] = "MultiPolygon"
    coordinates: tuple[tuple[tuple[tuple[float, float], ...], ...], ...]


class Value(BaseModel):
    """Base of structured attribute values and of event data: camelCase, nothing unknown."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class Entity(Value):
    """Base of the canonical entities.

    Attributes:
        entity_type: NGSI-LD type, the Smart Data Models name where there is one.
        legal_class: whether entities of this type are about a person.
        observed_at: when what this says was true; written as each attribute's ``observedAt``.
    """

    entity_type: ClassVar[str]
    legal_class: ClassVar[LegalClass] = LegalClass.OPEN

    id: EntityId
    observed_at: AwareDatetime | None = None

    def as_keyvalues(self) -> dict[str, Any]:
        """The simplified representation (GS CIM 009 §4.5.4): attribute name → plain value."""
        values = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"id": values.pop("id"), "type": self.entity_type, **values}

    def as_ngsild(self) -> dict[str, Any]:
        """The normalized representation (GS CIM 009 §4.5.1), for the core ``@context``."""
        values = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        moment = values.pop("observedAt", None)
        entity: dict[str, Any] = {"id": values.pop("id"), "type": self.entity_type}
        marks = _marks(type(self))
        for name, value in values.items():
            entity[name] = _attribute(value, marks.get(name), moment)
        return entity


@cache
def _marks(entity: type[Entity]) -> dict[str, Unit | Relationship]:
    found: dict[str, Unit | Relationship] = {}
    for name, info in entity.model_fields.items():
        for mark in info.metadata:
            if isinstance(mark, Unit | Relationship):
                found[info.alias or name] = mark
    return found


def _attribute(value: Any, mark: Unit | Relationship | None, moment: str | None) -> dict[str, Any]:
    attribute: dict[str, Any]
    if isinstance(mark, Relationship):
        attribute = {"type": "Relationship", "object": value}
    elif is_geometry(value):
        attribute = {"type": "GeoProperty", "value": value}
    else:
        attribute = {"type": "Property", "value": value}
    if isinstance(mark, Unit):
        attribute["unitCode"] = mark.code
    if moment:
        attribute["observedAt"] = moment
    return attribute


_GEOMETRIES: Final = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
)


def is_geometry(value: Any) -> bool:
    """Whether a JSON value is a GeoJSON geometry (RFC 7946 §3.1)."""
    if not isinstance(value, dict) or "coordinates" not in value:
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind in _GEOMETRIES


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z``, milliseconds kept: how NGSI-LD writes a DateTime (§4.6.3)."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
