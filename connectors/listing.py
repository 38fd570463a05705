"""Lists that the open API answers: a page of entities, and those near a point first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, create_model

from connectors.geo import Place, distance, place
from schemas.ngsild import Entity, Point

T = TypeVar("T")
E = TypeVar("E", bound=Entity)


class Page(BaseModel, Generic[T]):
    """One page of a list; ``total`` counts all that match."""

    items: list[T]
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Paging:
    limit: int
    offset: int

    def page(self, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The envelope :class:`Page` of the part asked for."""
        part = items[self.offset : self.offset + self.limit]
        return {"items": part, "total": len(items), "limit": self.limit, "offset": self.offset}


def _paging(
    limit: Annotated[int, Query(ge=1, le=1000, description="Most items to answer")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Items to pass over")] = 0,
) -> Paging:
    return Paging(limit, offset)


PagingDep = Annotated[Paging, Depends(_paging)]


@dataclass(frozen=True, slots=True)
class Near:
    """Around ``centre``, at most ``radius`` metres away (None: however far)."""

    centre: Place
    radius: float | None

    def nearest(
        self, entities: Iterable[E], location: Callable[[E], Point | None]
    ) -> list[tuple[E, float]]:
        """The entities within the radius with their distance in metres, nearest first."""
        measured = (
            (entity, distance(self.centre, (where.latitude, where.longitude)))
            for entity in entities
            if (where := location(entity)) is not None
        )
        within = (pair for pair in measured if self.radius is None or pair[1] <= self.radius)
        return sorted(within, key=lambda pair: (pair[1], pair[0].id))


def _near(
    near: Annotated[
        str | None,
        Query(description="`latitude,longitude` in degrees: nearest first, with `distance`"),
    ] = None,
    radius: Annotated[
        float | None, Query(gt=0, le=100_000, description="With `near`: metres at most")
    ] = None,
) -> Near | None:
    if near is None:
        return None
    return Near(place(near), radius)


NearDep = Annotated[Near | None, Depends(_near)]


def listed(
    entities: Iterable[E], near: Near | None, location: Callable[[E], Point | None]
) -> list[dict[str, Any]]:
    """Entities as the open API's items; near a point, with ``distance`` in metres."""
    if near is None:
        return [entity.as_keyvalues() for entity in entities]
    return [
        {**entity.as_keyvalues(), "distance": round(metres, 1)}
        for entity, metres in near.nearest(entities, location)
    ]


@cache
def item_of(entity: type[Entity]) -> type[BaseModel]:
    """The model of an entity's keyvalues in the open API, for its OpenAPI document."""
    return create_model(
        f"{entity.__name__}Item",
        __base__=entity,
        type=(Literal[entity.entity_type], entity.entity_type),  # type: ignore[arg-type]
        distance=(float | None, None),
    )
