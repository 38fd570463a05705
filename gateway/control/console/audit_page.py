"""``/console/audit``: what was done, looked for; auditors read here, and change nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, visiting
from gateway.control.pages.posts import shown
from gateway.control.policy.snapshot import ZONE
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/audit"
_WORDS: Final = {"client": 128, "action": 64, "target": 128, "text": 100, "subject": 128}
_MOMENTS: Final = ("from", "to")
_A_PAGE: Final = 50


@router.get(
    PAGE,
    operation_id="showConsoleAudit",
    summary="The audit log, looked through",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    visit = await visiting(request, control, "auditor", "operator")
    asked = {name: request.query_params.get(name, "").strip() for name in (*_WORDS, *_MOMENTS)}
    found = await visit.read("/audit/v1/events", _params(visit, asked), empty=[])
    return visit.page(
        "console/audit.html",
        events=found,
        asked={name: value for name, value in asked.items() if value},
        more=found[-1]["number"] if len(found) == _A_PAGE else None,
    )


def _params(visit: Visit, asked: dict[str, str]) -> dict[str, str]:
    """What is asked of the API; times of a form are the city's."""
    params = {name: asked[name][:most] for name, most in _WORDS.items() if asked[name]}
    for name in _MOMENTS:
        if asked[name]:
            params[name] = _moment(visit, asked[name], name)
    before = visit.request.query_params.get("before", "")
    if before.isdecimal():
        params["before"] = before
    return {**params, "limit": str(_A_PAGE)}


def _moment(visit: Visit, text: str, name: str) -> str:
    """``2026-11-24T15:00`` of a ``datetime-local`` field with the city's time zone; what is no time
    goes to the API as it is, which says so."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(ZONE))).isoformat()
