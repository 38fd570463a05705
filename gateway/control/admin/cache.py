"""The answers that the routing cores keep: have them forgotten."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field, model_validator

from gateway.control import purges
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import NotFound
from schemas.scopes import OPERATOR_CACHE
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class Purge(Wire):
    """One of these."""

    route: str = Field(
        default="", max_length=300, description="`<api>.<operationId>`, as in metrics and logs"
    )
    dataset: str = Field(default="", max_length=80, description="As in the catalogue")
    all: bool = Field(default=False, description="Everything that is kept")

    @model_validator(mode="after")
    def _one(self) -> Purge:
        if sum((bool(self.route), bool(self.dataset), self.all)) != 1:
            raise ValueError("name a route, or a dataset, or all: one of them")
        return self


class Purged(Wire):
    what: str = Field(description="As the policy names it")
    moment: int = Field(description="Milliseconds since the epoch")


@router.post(
    "/cache/purge",
    operation_id="purgeCache",
    summary="Have every gateway forget the answers it keeps of a route, a data set, or all",
    description="In force with the next policy: on every worker within a second. What is being "
    "asked for at that moment still reaches who asked, and is not kept.",
    openapi_extra=operation(OPERATOR_CACHE),
)
async def purge_cache(purge: Purge, control: ControlDep, caller: CallerDep) -> Purged:
    what = _label(purge, control)
    async with control.change() as connection:
        moment = await purges.purge(connection, what, control.now_ms())
        await control.record(connection, caller.actor, "cache.purge", what)
    return Purged(what=what, moment=moment)


def _label(purge: Purge, control: Control) -> str:
    if purge.all:
        return purges.ALL
    kept = [route for route in control.publisher.current.snapshot["routes"] if "cache" in route]
    if purge.route:
        if all(route["id"] != purge.route for route in kept):
            raise NotFound(f"There is no route {purge.route!r} whose answers are kept.")
        return purges.route(purge.route)
    if all(route["dataset"] != purge.dataset for route in kept):
        raise NotFound(f"No kept route serves the data set {purge.dataset!r}.")
    return purges.dataset(purge.dataset)
