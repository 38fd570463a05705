"""How the open API answers with entities: pages of ``{"items", "total", "limit", "offset"}``.

Bodies are the entities' simplified representation, written once and not validated again; the models
made here say the same in the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import orjson
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, create_model

from schemas.ngsild import Entity, Value

T = TypeVar("T")

MOST: Final = 1000
"""Items of a page at most."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Most items to answer with.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Items to pass over.")]


class Page(BaseModel, Generic[T]):
    """A part of a list; ``total`` counts the whole list."""

    model_config = ConfigDict(extra="forbid")

    items: list[T]
    total: int
    limit: int
    offset: int


@cache
def shown(entity: type[Entity]) -> type[Entity]:
    """The model of an entity's simplified representation, which says its ``type`` too."""
    name = entity.entity_type
    fields: dict[str, Any] = {"type": (Literal[name], name)}
    made: type[Entity] = create_model(name, __base__=entity, __doc__=entity.__doc__, **fields)
    return made


def page_of(entity: type[Entity]) -> Any:
    """The ``response_model`` of a page of entities."""
    return Page[shown(entity)]  # type: ignore[misc]


def page(found: Sequence[Entity | Value], limit: int, offset: int, total: int = -1) -> Response:
    """A page of ``found``.

    Args:
        total: how many there are in all, where ``found`` is only a part; its length without.
    """
    items = [plain(each) for each in found[offset : offset + limit]]
    whole = len(found) if total < 0 else total
    return answer({"items": items, "total": whole, "limit": limit, "offset": offset})


def plain(value: Entity | Value) -> dict[str, Any]:
    """An entity or value as plain JSON."""
    if isinstance(value, Entity):
        return value.as_keyvalues()
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")
