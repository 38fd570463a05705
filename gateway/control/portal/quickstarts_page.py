"""The page ``/developers/quickstarts``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import apps, quickstarts
from gateway.control.portal.navigation import portal_page
from gateway.control.portal.quickstarts import TOPICS
from gateway.control.portal.texts_sandbox import SANDBOX_PAGE_TEXTS
from gateway.control.staff.browser import signed_in
from gateway.control.state import ControlDep

router = APIRouter(tags=["Developer portal"])


@router.get(
    "/developers/quickstarts",
    operation_id="showQuickstarts",
    summary="Programs that run as pasted; `app` is whose client id to fill in",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await signed_in(request, control)
    texts = SANDBOX_PAGE_TEXTS[language_of(request)]
    mine = await apps.own(control, browser.staff) if browser.staff else []
    asked = request.query_params.get("app", "")
    # only one's own: what a page prints is pasted into shells
    chosen = [one for one in mine if one.client_id == asked] or mine[:1]
    return portal_page(
        request, control, "portal/quickstarts.html", browser,
        client_id=chosen[0].client_id if chosen else "…",
        apps=mine,
        topics=[
            {
                "id": topic,
                "title": texts[f"topic_{topic}"],
                "text": texts[f"topic_{topic}_text"],
                "programs": quickstarts.programs(topic, control.public_url),
            }
            for topic in TOPICS
        ],
    )  # fmt: skip
