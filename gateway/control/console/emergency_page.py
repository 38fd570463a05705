"""``/console/emergency``: declare one, by a word that is typed; see it run out; end it.

Beneath it stand the disclosures without consent: how many, by whom and why; never about whom.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, get_args

from fastapi import APIRouter, Request, Response

from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.console.visit import Visit, posting, told, visiting
from gateway.control.pages.posts import posted, shown
from gateway.control.state import ControlDep
from schemas.policy import EmergencyLevel

router = APIRouter(tags=["Console"])

PAGE: Final = "/console/emergency"
HOURS: Final = (1, 3, 6, 12, 24, 48, 72)
LEVELS: Final[tuple[str, ...]] = get_args(EmergencyLevel)
_API: Final = "/control/v1/emergency"


@router.get(
    PAGE,
    operation_id="showConsoleEmergency",
    summary="The emergency in force, or the form to declare one",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _page(await visiting(request, control, "operator"))


@router.post(
    PAGE,
    operation_id="decideAboutEmergency",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="declare or end",
        reason="With declare",
        level="With declare: elevated, severe or critical",
        hours="With declare: how long",
        word="With declare: the word that the page asks for",
        sure="With end: yes",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await posting(request, control, "operator")
    match visit.form.get("decision"):
        case "declare" if _word_is_typed(visit):
            if (await visit.do("POST", _API, _new(visit))).ok:
                return told(PAGE, "declared")
        case "end" if visit.is_sure():
            if (await visit.do("DELETE", _API)).ok:
                return told(PAGE, "ended")
    return await _page(visit)


def _word_is_typed(visit: Visit) -> bool:
    typed = visit.form.get("word", "").strip().casefold()
    if typed not in {texts["emergency_word"].casefold() for texts in CONSOLE_TEXTS.values()}:
        visit.refuse_because("word_wrong", "word")
        return False
    return True


def _new(visit: Visit) -> dict[str, Any]:
    hours = visit.form.get("hours", "")
    lasts = int(hours) if hours in map(str, HOURS) else HOURS[0]
    until = visit.control.clock() + timedelta(hours=lasts)
    return {
        "reason": visit.form.get("reason", ""),
        "level": visit.form.get("level", LEVELS[0]),
        "until": until.isoformat(timespec="seconds"),
    }


async def _page(visit: Visit) -> Response:
    answer = await visit.ask("GET", _API)
    if not answer.ok and answer.status != 404:  # which says that there is none
        visit.refuse(answer)
    emergency = answer.body if answer.ok else None
    nothing: dict[str, Any] = {"ever": 0, "open": 0, "disclosures": []}
    return visit.page(
        "console/emergency.html",
        emergency=emergency,
        left=_left(visit, emergency["until"]) if emergency else "",
        hours=HOURS,
        levels=LEVELS,
        disclosed=await visit.read(f"{_API}/disclosures", {"limit": 50}, nothing),
    )


def _left(visit: Visit, until: str) -> str:
    """``hh:mm:ss``, as the script goes on counting."""
    seconds = int((datetime.fromisoformat(until) - visit.control.clock()).total_seconds())
    minutes, rest = divmod(max(0, seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
