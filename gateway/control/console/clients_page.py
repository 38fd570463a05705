"""``/console/clients``: who may call, who waits; looked for by words and state."""

from __future__ import annotations

from typing import Any, Final, get_args

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import visiting
from gateway.control.oauth.clients import Shown
from gateway.control.pages.posts import shown
from gateway.control.state import ControlDep
from schemas.policy import ClientClass

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/clients"
CLASSES: Final[tuple[str, ...]] = get_args(ClientClass)
STATES: Final[tuple[str, ...]] = get_args(Shown)
_A_PAGE: Final = 100


@router.get(
    PAGE,
    operation_id="showConsoleClients",
    summary="Registered clients, and who waits for approval",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    visit = await visiting(request, control, "operator")
    asked = _asked(request)
    found = await visit.read("/control/v1/clients", {**asked, "limit": _A_PAGE}, empty=[])
    waiting = await visit.read("/control/v1/clients", {"state": "waiting", "limit": _A_PAGE}, [])
    return visit.page(
        "console/clients.html",
        clients=found,
        waiting=waiting,
        asked=asked,
        kind=request.query_params.get("kind", ""),
        states=STATES,
        classes=CLASSES,
        state_of=state_of,
        more=found[-1]["client_id"] if len(found) == _A_PAGE else "",
    )


def _asked(request: Request) -> dict[str, str]:
    """What of the address's query is asked of the API."""
    query = request.query_params
    found = {"q": query.get("q", "").strip()[:100], "after": query.get("after", "")[:128]}
    found["owner"] = query.get("owner", "")[:128]
    for name, known in (("state", STATES), ("client_class", CLASSES)):
        found[name] = query.get(name, "") if query.get(name) in known else ""
    found["sandbox"] = {"sandbox": "true", "live": "false"}.get(query.get("kind", ""), "")
    return {name: value for name, value in found.items() if value}


def state_of(client: dict[str, Any]) -> tuple[str, str]:
    """The state's word, and the tone of its badge."""
    if client["suspended"]:
        return "suspended", "bad"
    tones = {"active": "good", "pending": "warn", "refused": "bad", "deleted": "still"}
    return client["state"], tones[client["state"]]
