"""``/console``: where operators and auditors begin."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control.console.navigation import HOME, console_page
from gateway.control.pages.posts import shown
from gateway.control.staff.browser import require
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])


@router.get(
    HOME,
    operation_id="showConsole",
    summary="Where operators and auditors begin",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await require(request, control, "operator", "auditor")
    return console_page(request, control, "console/home.html", browser)
