"""``/console/notices``: which clients have not said that they know of the end of a consent."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import visiting
from gateway.control.pages.posts import shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/notices"


@router.get(
    PAGE,
    operation_id="showConsoleNotices",
    summary="Notices of ended consents that nobody has acknowledged",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    visit = await visiting(request, control, "operator")
    found = await visit.read("/control/v1/consent-notices", empty=[])
    return visit.page("console/notices.html", notices=found)
