"""``/developers/status`` and ``/developers/changes``: what is up, and what changed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control import emergencies
from gateway.control.catalogue import history
from gateway.control.pages.posts import shown
from gateway.control.portal import deprecations, health
from gateway.control.portal.navigation import HOME, portal_page
from gateway.control.portal.titles import title_of
from gateway.control.staff.browser import signed_in
from gateway.control.state import ControlDep

router = APIRouter(tags=["Developer portal"])

_MOST_CHANGES: Final = 200


@router.get(
    HOME + "/status",
    operation_id="showStatus",
    summary="Which APIs answer, and since when",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_status(request: Request, control: ControlDep) -> Response:
    async with control.store.read() as connection:
        emergency = await emergencies.in_force(connection, control.now())
    found = await health.of_all(control)
    return portal_page(
        request,
        control,
        "portal/status.html",
        await signed_in(request, control),
        found=found,
        bad=sum(one.health != "good" for one in found),
        emergency=emergency,
        now=control.now(),
        title_of=title_of(request),
    )


@router.get(
    HOME + "/changes",
    operation_id="showChanges",
    summary="What changed in the APIs, and what will",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_changes(request: Request, control: ControlDep) -> Response:
    async with control.store.read() as connection:
        changes = await history.newest(connection, history.CHANGES, _MOST_CHANGES)
    return portal_page(
        request,
        control,
        "portal/changes.html",
        await signed_in(request, control),
        changes=changes,
        coming=await deprecations.announced(control),
    )
