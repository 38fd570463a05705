"""Lists of things that have a place: all of them, or those near a point, nearest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Protocol

from fastapi import Depends, Query, Response
from pydantic import create_model

from connectors.geo import Place, distance, place
from connectors.page import Page, answer, shown
from schemas.ngsild import Entity, Point


class Located(Protocol):
    """An entity with a place, or with none that is known."""

    @property
    def id(self) -> str: ...

    @property
    def location(self) -> Point | None: ...

    def as_keyvalues(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Near:
    """Around ``centre``, at most ``radius`` metres away (None: however far)."""

    centre: Place
    radius: float | None

    def nearest(self, found: Iterable[Located]) -> list[tuple[Located, float]]:
        """Those within the radius with their distance in metres, nearest first."""
        measured = (
            (each, distance(self.centre, (each.location.latitude, each.location.longitude)))
            for each in found
            if each.location is not None
        )
        within = (pair for pair in measured if self.radius is None or pair[1] <= self.radius)
        return sorted(within, key=lambda pair: (pair[1], pair[0].id))


def _near(
    near: Annotated[
        str,
        Query(
            max_length=60, description="latitude,longitude: nearest first, each with `distance`."
        ),
    ] = "",
    radius: Annotated[
        float | None, Query(gt=0, le=50_000, description="With `near`: metres at most.")
    ] = None,
) -> Near | None:
    return Near(place(near), radius) if near else None


NearDep = Annotated[Near | None, Depends(_near)]


def page_near(found: Sequence[Located], near: Near | None, limit: int, offset: int) -> Response:
    """A page of ``found``; near a point, with ``distance`` in metres."""
    if near is None:
        items = [each.as_keyvalues() for each in found[offset : offset + limit]]
        total = len(found)
    else:
        pairs = near.nearest(found)
        part = pairs[offset : offset + limit]
        items = [{**each.as_keyvalues(), "distance": round(metres, 1)} for each, metres in part]
        total = len(pairs)
    return answer({"items": items, "total": total, "limit": limit, "offset": offset})


@cache
def located(entity: type[Entity]) -> type[Entity]:
    """The model of what :func:`page_near` answers, for the OpenAPI document."""
    fields: dict[str, Any] = {"distance": (float | None, None)}
    return _extended(shown(entity), entity.entity_type, fields)


def _extended(base: type[Entity], name: str, fields: dict[str, Any]) -> type[Entity]:
    made: type[Entity] = create_model(name, __base__=base, __doc__=base.__doc__, **fields)
    return made


def page_of_located(entity: type[Entity]) -> Any:
    """The ``response_model`` of a page of entities that have a place."""
    return Page[located(entity)]  # type: ignore[misc]
