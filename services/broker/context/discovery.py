"""Which types and attributes there are (GS CIM 009 §5.7.5 to §5.7.10), answered from shapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.context.tables import entities, entity_shapes


@dataclass(slots=True)
class AttributeFound:
    """An attribute, among the entities that were looked at.

    Attributes:
        count: its instances.
        kinds: Property, GeoProperty….
        types: of the entities that have it.
    """

    count: int = 0
    kinds: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)


@dataclass(slots=True)
class TypeFound:
    """A type of entities.

    Attributes:
        count: the entities that have it.
        attributes: by expanded name.
    """

    count: int = 0
    attributes: dict[str, AttributeFound] = field(
        default_factory=lambda: defaultdict(AttributeFound)
    )


async def present(connection: AsyncConnection, tenant: str, *, personal: bool) -> Sequence[Any]:
    """The shapes that entities have, each with its number of entities as ``count``."""
    counted = (
        select(entities.c.shape, func.count().label("count"))
        .where(entities.c.tenant == tenant)
        .group_by(entities.c.shape)
        .subquery()
    )
    query = select(entity_shapes, counted.c.count).join(
        counted, counted.c.shape == entity_shapes.c.shape
    )
    if not personal:
        query = query.where(entity_shapes.c.restricted == 0)
    return (await connection.execute(query)).all()


def types_of(shapes: Sequence[Any]) -> dict[str, TypeFound]:
    """Expanded name → what there is of the type, by name."""
    found: dict[str, TypeFound] = defaultdict(TypeFound)
    for shape in shapes:
        for name in shape.types:
            found[name].count += shape.count
            _add(found[name].attributes, shape)
    return dict(sorted(found.items()))


def attributes_of(shapes: Sequence[Any]) -> dict[str, AttributeFound]:
    """Expanded name → what there is of the attribute, by name."""
    found: dict[str, AttributeFound] = defaultdict(AttributeFound)
    for shape in shapes:
        _add(found, shape)
    return dict(sorted(found.items()))


def _add(found: dict[str, AttributeFound], shape: Any) -> None:
    for name, kinds in shape.attributes.items():
        attribute = found[name]
        attribute.count += shape.count * sum(kinds.values())
        attribute.kinds.update(kinds)
        attribute.types.update(shape.types)
