"""``/console/objections``: what residents do not agree with, and the answers that they read.

Who a resident is stands nowhere here: an objection is answered for what it says.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/objections"
_API: Final = "/control/v1/objections"


@router.get(
    PAGE,
    operation_id="showConsoleObjections",
    summary="What residents objected to",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutObjections",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(objection="Which", answer="For the resident to read", csrf=""),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    if visit.form:
        path = f"{_API}/{part(visit.form.get('objection', ''))}/answer"
        if (await visit.do("POST", path, {"answer": visit.form.get("answer", "")})).ok:
            return told(PAGE, "answered")
    return await _page(visit)


async def _page(visit: Visit) -> Response:
    all_of_them = visit.request.query_params.get("all") == "yes"
    params = {"unanswered": "false" if all_of_them else "true", "limit": 200}
    found = await visit.read(_API, params, empty=[])
    return visit.page("console/objections.html", objections=found, all=all_of_them)
