"""The page ``/developers/sandbox``: what the sandbox is, and who its residents are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.control.oauth import sandbox
from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.portal.navigation import portal_page
from gateway.control.portal.people import TestResident
from gateway.control.staff.browser import signed_in
from gateway.control.state import ControlDep

router = APIRouter(tags=["Developer portal"])


@router.get(
    "/developers/sandbox",
    operation_id="showSandbox",
    summary="The sandbox and its synthetic residents",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await signed_in(request, control)
    language = language_of(request)
    told = browser.staff is not None
    people = [_shown(one, language, told=told) for one in control.offer.residents]
    requests, seconds = sandbox.RATE
    return portal_page(
        request, control, "portal/sandbox.html", browser,
        residents=people,
        any_password=any(one["password"] for one in people),
        rate=requests * 60 // seconds,
        quota=f"{sandbox.QUOTA:,}",
    )  # fmt: skip


def _shown(resident: TestResident, language: str, *, told: bool) -> dict[str, Any]:
    """``told``: somebody has signed in who may be told a password that the city has shown."""
    return {
        "name": resident.name,
        "username": resident.username,
        "story": resident.story.get(language, ""),
        "password": resident.password if told else "",
        "domains": resident.domains,
    }
