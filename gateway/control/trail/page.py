"""The page ``/my/uses``: who looked, when, for what; and objecting in one press."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from gateway.control.audit.event import SECTOR
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.visit import redirect
from gateway.control.pages import others, page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.policy.snapshot import ZONE
from gateway.control.residents import Resident
from gateway.control.state import Control, ControlDep
from gateway.control.trail import objections, uses
from gateway.control.trail.objections import Objection
from gateway.control.trail.uses import Line, Which
from gateway.control.trail.words import client_names, dataset_titles, purpose_words

router = APIRouter(tags=["Residents"])

PATH: Final = "/my/uses"
_MY: Final = "/my"


@router.get(
    PATH,
    operation_id="showMyUses",
    summary="Who used a resident's data, for that resident",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    if browser.resident is None:
        return redirect(_MY + _query(request))
    notice = "objected" if request.query_params.get("done") == "objected" else ""
    return await _show(request, control, browser, browser.resident, notice=notice)


@router.post(
    PATH,
    operation_id="objectToUse",
    summary="What that page posts: an objection to one line",
    response_class=Response,
    openapi_extra=posted(rate=120, day="", client="", dataset="", purpose="", reason="", csrf=""),
)
async def object_to(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    if browser.resident is None:
        return redirect(_MY + _query(request))
    resident = browser.resident
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        status = error.status
        return await _show(request, control, browser, resident, message="stale", status=status)
    which = Which(*(form.get(name, "") for name in Which._fields))
    subject = control.pseudonyms.of(resident.resident_id, SECTOR)
    found = await _lines(control, subject)
    if all(line.which != which for line in found):
        return await _show(request, control, browser, resident, message="stale", status=400)
    done = await objections.make(control, subject, which, form.get("reason", "").strip())
    return redirect(PATH + _query(request, done="objected" if done else ""))


async def _lines(control: Control, subject: str) -> list[Line]:
    async with control.store.read() as connection:
        return uses.lines(await uses.events(connection, control.audit.envelopes, subject))


def _query(request: Request, **more: str) -> str:
    language = request.query_params.get("lang", "")
    asked = {"lang": language if language in TEXTS else "", **more}
    given = "&".join(f"{name}={value}" for name, value in asked.items() if value)
    return f"?{given}" if given else ""


async def _show(
    request: Request,
    control: Control,
    browser: Browser,
    resident: Resident,
    *,
    message: str = "",
    notice: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    texts = TEXTS[language]
    response = page(
        "uses.html",
        language,
        status=status,
        action=PATH + _query(request),
        back=_MY + _query(request),
        csrf=sessions.csrf_token(control, browser),
        other_languages=others(language, lambda one: f"{PATH}?lang={one}"),
        message=texts.get(message, ""),
        notice=texts.get(notice, ""),
        days=await _days(control, resident, language),
        longest=objections.LONGEST,
    )
    sessions.remember(response, control, browser)
    return response


async def _days(
    control: Control, resident: Resident, language: str
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The lines of the page, by day."""
    subject = control.pseudonyms.of(resident.resident_id, SECTOR)
    found = await _lines(control, subject)
    async with control.store.read() as connection:
        made = await objections.of(control, connection, subject)
        names = await client_names(connection, {line.which.client for line in found})
    titles = dataset_titles(control, language)
    days: dict[str, list[dict[str, Any]]] = {}
    for line in found:
        shown = _shown(line, names, titles, language)
        shown["objections"] = [_told(one) for one in made if one.which == line.which]
        days.setdefault(line.which.day, []).append(shown)
    return list(days.items())


def _shown(
    line: Line, names: dict[str, str], titles: dict[str, str], language: str
) -> dict[str, Any]:
    which = line.which
    return {
        "which": which,
        "client": names[which.client],
        "dataset": ", ".join(titles.get(one, one) for one in which.dataset.split()),
        "purpose": purpose_words(which.purpose, language),
        "count": line.count,
        "first": _clock(line.first),
        "last": _clock(line.last),
        "used": line.used,
        "emergency": line.emergency,
        "reason": line.reason,
    }


def _told(one: Objection) -> dict[str, Any]:
    return {"reason": one.reason, "answered": one.answered is not None, "answer": one.answer}


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(ZONE)).strftime("%H:%M")
