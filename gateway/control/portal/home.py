"""``/developers``: what this city offers, at a glance."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request, Response

from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import shown
from gateway.control.portal import examples, health, offers
from gateway.control.portal.navigation import HOME, portal_page
from gateway.control.staff.browser import signed_in
from gateway.control.state import Control, ControlDep
from schemas.xcity import LegalClass

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
    found = offers.offers(control)
    apis = offers.apis(control)
    classes = Counter(one.dataset.legal_class for one in found)
    states = await health.of_all(control)
    return portal_page(
        request,
        control,
        "portal/home.html",
        await signed_in(request, control),
        datasets=len(found),
        open_datasets=classes[LegalClass.OPEN],
        personal_datasets=classes[LegalClass.PERSONAL],
        apis=len(apis),
        operations=sum(one.operations for one in apis),
        domains=Counter(one.api.domain for one in found),
        first_call=_first_call(control),
        is_open_data=offers.first_call(control) is not None,
        bad=sum(one.health != "good" for one in states),
    )


def _first_call(control: Control) -> str:
    """A line that works in this city as it stands."""
    route = offers.first_call(control)
    if route is None:
        return f"curl -s {control.public_url}/catalogue/v1/datasets"
    return examples.curl(control.public_url, route)
