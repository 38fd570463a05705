"""``/console/gateways``: the workers, and the answers that they keep; drain one, purge some."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/gateways"


@router.get(
    PAGE,
    operation_id="showConsoleGateways",
    summary="The gateways' workers, and what they keep",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutGateways",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="drain or purge",
        worker="With drain",
        what="With purge: all, route or dataset",
        route="With purge",
        dataset="With purge",
        sure="yes",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    form = visit.form
    match form.get("decision"):
        case "drain" if visit.is_sure():
            path = f"/control/v1/gateways/{part(form.get('worker', ''))}/drain"
            if (await visit.do("POST", path)).ok:
                return told(PAGE, "drained")
        case "purge" if visit.is_sure():
            if (await visit.do("POST", "/control/v1/cache/purge", _purge(form))).ok:
                return told(PAGE, "purged")
    return await _page(visit)


def _purge(form: dict[str, str]) -> dict[str, Any]:
    what = form.get("what", "")
    return {"all": True} if what == "all" else {what: form.get(what, "")}


async def _page(visit: Visit) -> Response:
    gateways = await visit.read("/control/v1/gateways", empty=[])
    routes = visit.control.publisher.current.snapshot["routes"]
    kept = [route for route in routes if "cache" in route]
    return visit.page(
        "console/gateways.html",
        gateways=gateways,
        routes=[route["id"] for route in kept],
        datasets=sorted({route["dataset"] for route in kept if route["dataset"]}),
    )
