"""``/developers``: what this city offers, at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import shown
from gateway.control.portal.navigation import HOME, portal_page
from gateway.control.staff.browser import signed_in
from gateway.control.state import ControlDep

router = APIRouter(tags=["Developer portal"])


@router.get(
    "/",
    operation_id="openFrontDoor",
    summary="To the developer portal",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def front_door() -> Response:
    return redirect(HOME)


@router.get(
    HOME,
    operation_id="showPortal",
    summary="What this city offers, at a glance",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await signed_in(request, control)
    return portal_page(request, control, "portal/home.html", browser)
