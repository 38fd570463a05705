"""``/console/dead-letters``: what consumers could not handle: read it, replay it, discard it."""

from __future__ import annotations

import json
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.console.visit import Visit, part, posting, ticked, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/dead-letters"
ONE: Final = PAGE + "/{letter}"
_API: Final = "/events/v1/dead-letters"
_A_PAGE: Final = 100


@router.get(
    PAGE,
    operation_id="showConsoleDeadLetters",
    summary="The events that consumers gave up",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _all(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutDeadLetters",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(decision="replay-ticked, replay-all", sure="With all: yes", csrf=""),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    ids: list[str] = []
    match visit.form.get("decision"):
        case "replay-ticked":
            ids = ticked(visit.form, "letter")
            if not ids:
                visit.refuse_because("tick_some")
        case "replay-all" if visit.is_sure():
            found = await visit.read(_API, {"limit": 500}, {"deadLetters": []})
            ids = [one["id"] for one in found["deadLetters"] if "replayed" not in one]
            if not ids and visit.refusal is None:
                visit.refuse_because("all_replayed")
    if ids and (await visit.do("POST", f"{_API}/replay", {"ids": ids})).ok:
        return told(PAGE, "replayed")
    return await _all(visit)


@router.get(
    ONE,
    operation_id="showConsoleDeadLetter",
    summary="One event that a consumer gave up, why, and what it said",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_one(letter: str, request: Request, control: ControlDep) -> Response:
    return await _one(await visiting(request, control, "operator"), letter)


@router.post(
    ONE,
    operation_id="decideAboutDeadLetter",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(decision="replay or discard", sure="With discard: yes", csrf=""),
)
async def decide_one(letter: str, request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    path = f"{_API}/{part(letter)}"
    match visit.form.get("decision"):
        case "replay":
            if (await visit.do("POST", f"{path}/replay")).ok:
                return told(f"{PAGE}/{part(letter)}", "replayed")
        case "discard" if visit.is_sure():
            if (await visit.do("DELETE", path)).ok:
                return told(PAGE, "discarded")
    return await _one(visit, letter)


async def _all(visit: Visit) -> Response:
    after = visit.request.query_params.get("after", "")[:4000]
    params = {"limit": _A_PAGE, **({"after": after} if after else {})}
    found = await visit.read(_API, params, {"deadLetters": [], "cursor": ""})
    letters = found["deadLetters"]
    more = found["cursor"] if len(letters) == _A_PAGE else ""
    return visit.page("console/letters.html", letters=letters, more=more)


async def _one(visit: Visit, letter: str) -> Response:
    found = await visit.read(f"{_API}/{part(letter)}", empty=None)
    event = found.get("event") if found else None
    text = json.dumps(event, ensure_ascii=False, indent=2) if event else ""
    return visit.page("console/letter.html", letter=found, event=text)
