"""``/console/clients/{id}``: one client; what it asks for, yes or no, and what it may do."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.clients_page import CLASSES, PAGE, state_of
from gateway.control.console.visit import Visit, part, posting, ticked, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep
from schemas.purposes import PURPOSES, VITAL

router = APIRouter(tags=["Console"])

ONE: Final = PAGE + "/{client_id}"
OVERLAPS: Final = {"none": 0, "hour": 3600, "day": 86_400, "week": 7 * 86_400}
_SURE: Final = ("suspend", "revoke", "secret")


@router.get(
    ONE,
    operation_id="showConsoleClient",
    summary="One client",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(client_id: str, request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"), client_id)


@router.post(
    ONE,
    operation_id="decideAboutClient",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="approve, refuse, suspend, resume, revoke, secret, limits or purposes",
        reason="With refuse",
        sure="yes, with what cannot be taken back",
        csrf="",
    ),
)
async def decide(client_id: str, request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    decision = visit.form.get("decision", "")
    if decision in _SURE and not visit.is_sure():
        return await _page(visit, client_id)
    asked = _asked(decision, visit.form)
    if asked is None:
        return await _page(visit, client_id)
    method, tail, body = asked
    answer = await visit.do(method, f"/control/v1/clients/{part(client_id)}{tail}", body)
    if answer.ok and decision == "secret":
        return visit.page("console/client_secret.html", made=answer.body, back=_at(client_id))
    return told(_at(client_id), decision) if answer.ok else await _page(visit, client_id)


def _asked(decision: str, form: dict[str, str]) -> tuple[str, str, Any] | None:
    """The operation that a button stands for: method, end of the path, body."""
    if decision in {"suspend", "resume", "revoke"}:
        return "POST", f"/{decision}", None
    if decision == "refuse":
        return "POST", "/refuse", {"reason": form.get("reason", "")}
    if decision == "secret":
        return "POST", "/secret", {"overlap": OVERLAPS.get(form.get("overlap", ""), 0)}
    if decision == "approve":
        body: dict[str, Any] = {"scope": " ".join(ticked(form, "scope"))}
        body["purposes"] = ticked(form, "purpose")
        body["client_class"] = form.get("client_class")
        return "POST", "/approve", body | _limits(form)
    if decision == "limits":
        return "PATCH", "", _limits(form)
    if decision == "purposes":
        organisation = form.get("organisation", "")
        return "PATCH", "", {"purposes": ticked(form, "purpose"), "organisation": organisation}
    return None


def _limits(form: dict[str, str]) -> dict[str, Any]:
    """What was filled in; the API says what is no number."""
    found: dict[str, Any] = {}
    if form.get("requests") and form.get("seconds"):
        found["rate"] = [form["requests"], form["seconds"]]
    if form.get("quota"):
        found["quota"] = form["quota"]
    return found


def _at(client_id: str) -> str:
    return f"{PAGE}/{part(client_id)}"


async def _page(visit: Visit, client_id: str) -> Response:
    path = f"/control/v1/clients/{part(client_id)}"
    client = await visit.read(path, empty=None)
    asked = await visit.read(f"{path}/asked", empty=None) if client else None
    ids = [name for name in PURPOSES if name != VITAL]
    return visit.page(
        "console/client.html",
        client=client,
        asked=asked,
        state_of=state_of,
        classes=CLASSES,
        overlaps=tuple(OVERLAPS),
        ja=visit.language == "ja",
        purposes=[(name, getattr(PURPOSES[name], visit.language)) for name in ids],
    )
