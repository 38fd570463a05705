"""``/console/staff``: the people who run the city, and developers: invite, roles, suspend."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, ticked, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.staff.roles import ROLES
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/staff"
_API: Final = "/control/v1/staff"


@router.get(
    PAGE,
    operation_id="showConsoleStaff",
    summary="Staff accounts",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutStaff",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="invite, anew, roles, suspend or resume",
        username="With invite",
        name="With invite",
        staff="Whose account; not with invite",
        sure="With anew and suspend: yes",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    form, path = visit.form, f"{_API}/{part(visit.form.get('staff', ''))}"
    roles = ticked(form, "role")
    match form.get("decision"):
        case "invite":
            body = {"username": form.get("username", ""), "name": form.get("name", "")}
            return await _invited(visit, _API, body | {"roles": roles})
        case "anew" if visit.is_sure():
            return await _invited(visit, f"{path}/invitation")
        case "roles":
            if (await visit.do("PATCH", path, {"roles": roles})).ok:
                return told(PAGE, "roles")
        case "suspend" if _is_another(visit) and visit.is_sure():
            if (await visit.do("PATCH", path, {"suspended": True})).ok:
                return told(PAGE, "staff_suspended")
        case "resume":
            if (await visit.do("PATCH", path, {"suspended": False})).ok:
                return told(PAGE, "staff_resumed")
    return await _page(visit)


async def _invited(visit: Visit, path: str, body: object = None) -> Response:
    answer = await visit.do("POST", path, body)
    if answer.ok:
        return visit.page("console/staff_invited.html", invited=answer.body)
    return await _page(visit)


def _is_another(visit: Visit) -> bool:
    """Nobody locks themself out by a slip."""
    if visit.form.get("staff") == visit.staff.staff_id:
        visit.refuse_because("not_yourself")
        return False
    return True


async def _page(visit: Visit) -> Response:
    people = await visit.read(_API, empty=[])
    return visit.page("console/staff.html", people=people, roles=ROLES)
