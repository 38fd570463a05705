"""``/console/keys``: the keys that sign tokens, and those that residents' names are made with."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/keys"


@router.get(
    PAGE,
    operation_id="showConsoleKeys",
    summary="Signing keys, and the sectors' keys",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutKeys",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="rotate, stolen or sector",
        sector="With sector: which",
        sure="yes",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    decision = visit.form.get("decision", "")
    if decision in {"rotate", "stolen"} and visit.is_sure():
        body = {"immediately": decision == "stolen"}
        if (await visit.do("POST", "/control/v1/keys/rotate", body)).ok:
            return told(PAGE, decision)
    if decision == "sector" and visit.is_sure():
        path = f"/control/v1/sectors/{part(visit.form.get('sector', ''))}/rotate"
        if (await visit.do("POST", path)).ok:
            return told(PAGE, "sector")
    return await _page(visit)


async def _page(visit: Visit) -> Response:
    keys = await visit.read("/control/v1/keys", empty=[])
    sectors = await visit.read("/control/v1/sectors", empty=[])
    now = visit.control.now()
    return visit.page("console/keys.html", keys=keys, sectors=sectors, now=now)
