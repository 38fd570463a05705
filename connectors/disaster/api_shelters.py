"""Shelters in the open API ``/disaster/v1``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Query, Response
from pydantic import create_model

from connectors.disaster.shelters import Occupancy, nearest
from connectors.page import Limit, Offset, Page, answer, page, page_of, shown
from schemas.disaster import Hazard, Shelter
from schemas.kit.cached import cached
from schemas.ngsild import URN_PREFIX
from schemas.problem import BadRequest, Fault, NotFound
from schemas.xcity import operation

_DATASET: Final = "disaster-shelters"
_KEPT: Final = operation(access="open", dataset=_DATASET, priority="life-safety", cache=True)

NearShelter = create_model(
    "NearShelter",
    __base__=shown(Shelter),
    __doc__="A shelter, and how far it is in metres.",
    distance=(float, ...),
)
OnlyOpen = Annotated[
    bool | None,
    Query(alias="open", description="Only shelters known to be open (true) or not (false)."),
]
OnlyHazard = Annotated[Hazard | None, Query(description="Only those designated for it.")]


def shelters_router(
    shelters: Callable[[], dict[str, Shelter]],
    put: Callable[[Shelter, Occupancy], Awaitable[Shelter]],
) -> APIRouter:
    """The operations on shelters.

    Args:
        shelters: every shelter as it is now, by the municipality's id.
        put: takes a count; the shelter as it is then.
    """
    router = APIRouter(tags=["shelters"])

    @router.get(
        "/shelters",
        operation_id="listShelters",
        summary="Shelters and how full they are",
        response_model=page_of(Shelter),
        openapi_extra=_KEPT,
    )
    async def list_shelters(
        hazard: OnlyHazard = None,
        is_open: OnlyOpen = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> Response:
        found = [
            shelter
            for shelter in shelters().values()
            if (hazard is None or hazard in shelter.hazards)
            and (is_open is None or shelter.open is is_open)
        ]
        return _kept(page(found, limit, offset))

    @router.get(
        "/shelters/nearest",
        operation_id="listNearestShelters",
        summary="The shelters nearest to a place, nearest first",
        response_model=Page[NearShelter],
        openapi_extra=operation(access="open", dataset=_DATASET, priority="life-safety"),
    )
    async def list_nearest(
        lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
        lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
        limit: Annotated[int, Query(ge=1, le=100)] = 5,
        hazard: OnlyHazard = None,
        is_open: OnlyOpen = None,
        room: Annotated[bool, Query(description="Leave out those known to be full.")] = False,
    ) -> Response:
        found = nearest(
            shelters(),
            (lat, lon),
            limit,
            hazard=hazard or "",
            is_open=is_open,
            with_room=room,
        )
        items = [{**s.as_keyvalues(), "distance": round(metres, 1)} for metres, s in found]
        return answer({"items": items, "total": len(items), "limit": limit, "offset": 0})

    @router.get(
        "/shelters/{shelter}",
        operation_id="getShelter",
        summary="One shelter, by the municipality's id or its entity id",
        response_model=shown(Shelter),
        openapi_extra=_KEPT,
    )
    async def get_shelter(shelter: str) -> Response:
        return _kept(answer(_find(shelters(), shelter).as_keyvalues()))

    @router.put(
        "/shelters/{shelter}/occupancy",
        operation_id="putOccupancy",
        summary="Tell how many people are at a shelter, and whether it is open",
        description="Counts until a later count, or until the municipality's file has a later one.",
        response_model=shown(Shelter),
        openapi_extra=operation("disaster:ingest", dataset=_DATASET, priority="life-safety"),
    )
    async def put_occupancy(shelter: str, count: Occupancy) -> Response:
        found = _find(shelters(), shelter)
        if count == Occupancy():
            fault = Fault("/occupants", "Neither occupants nor open is told.", "tell one of them")
            raise BadRequest("There is nothing to change.", faults=[fault])
        return answer((await put(found, count)).as_keyvalues())

    return router


def _kept(response: Response) -> Response:
    """Counts change by the minute; where the shelters are must stay readable when this API is
    down."""
    return cached(response, seconds=2, stale=5, on_error=86_400)


def _find(shelters: dict[str, Shelter], given: str) -> Shelter:
    local = given.split(":", 3)[-1] if given.startswith(URN_PREFIX) else given
    found = shelters.get(local) or shelters.get(unquote(local))
    if found is None:
        raise NotFound(f"There is no shelter {given[:200]!r}.")
    return found
