"""Sectors: whose pseudonyms there are, and rotating the key that they are made with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from gateway.control.links import LINKED_DOMAINS
from gateway.control.sectors import rotation
from gateway.control.sectors.rotation import Sector
from gateway.control.state import Control, ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.problem import NotFound, Unprocessable
from schemas.scopes import OPERATOR_KEYS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])

Name = Annotated[str, Path(max_length=40)]


class SectorState(Wire):
    sector: str
    epoch: int = Field(description="How often its key was rotated")
    stage: str = Field(
        description="Of a rotation under way: telling, settling or forgetting; empty without one"
    )


@router.get(
    "/sectors",
    operation_id="listSectors",
    summary="The sectors that know residents, each by pseudonyms of its own",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def list_sectors(control: ControlDep) -> list[SectorState]:
    async with control.store.read() as connection:
        found = {one.name: one for one in await rotation.find_all(connection)}
    return [_state(found.get(name, Sector(name))) for name in LINKED_DOMAINS]


@router.post(
    "/sectors/{sector}/rotate",
    operation_id="rotateSector",
    status_code=202,
    summary="Give every resident a new pseudonym in a sector",
    description="The holder is told old and new names first, and goes on serving throughout.",
    openapi_extra=operation(OPERATOR_KEYS),
)
async def rotate_sector(sector: Name, control: ControlDep, caller: CallerDep) -> SectorState:
    _check(control, sector)
    async with control.store.write() as connection:
        begun = await rotation.begin(connection, control.store, sector, control.now())
        await control.record(
            connection, caller.actor, "sector.rotate", sector, epoch=begun.epoch + 1
        )
    return _state(begun)


def _check(control: Control, sector: str) -> None:
    """Only a holder that can be told of new names can have them."""
    if sector not in LINKED_DOMAINS:
        known = ", ".join(LINKED_DOMAINS)
        raise NotFound(f"{sector!r} is no sector that knows residents; {known} are.")
    routes = control.publisher.current.snapshot["routes"]
    told = {(route["method"], route["path"]) for route in routes}
    if ("POST", f"/{sector}/v1/names") not in told:
        raise Unprocessable(
            f"The API of {sector!r} has no POST /{sector}/v1/names, so it cannot be told of new "
            "names, and its residents would be strangers to it."
        )


def _state(sector: Sector) -> SectorState:
    return SectorState(sector=sector.name, epoch=sector.epoch, stage=sector.stage)
