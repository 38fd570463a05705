"""The page ``/my/uses``: who looked, when, for what; and objecting in one press."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.policy.snapshot import ZONE
from gateway.control.resident import room
from gateway.control.resident.room import Home
from gateway.control.state import ControlDep
from gateway.control.trail import objections, timeline
from gateway.control.trail.objections import Objection
from gateway.control.trail.timeline import Asked
from gateway.control.trail.uses import Line, Which
from gateway.control.trail.words import client_names, dataset_titles, purpose_words
from schemas.purposes import OWN

router = APIRouter(tags=["Residents"])

PATH: Final = room.USES


@router.get(
    PATH,
    operation_id="showMyUses",
    summary="Who used a resident's data, for that resident",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def show(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    if home is None:
        return room.to_sign_in(request)
    notice = "objected" if request.query_params.get("done") == "objected" else ""
    return await _show(home, timeline.asked(request.query_params), notice=home.text(notice))


@router.post(
    PATH,
    operation_id="objectToUse",
    summary="What that page posts: an objection to one line",
    response_class=Response,
    openapi_extra=posted(rate=120, day="", client="", dataset="", purpose="", reason="", csrf=""),
)
async def object_to(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    if home is None:
        return room.to_sign_in(request)
    what = timeline.asked(request.query_params)
    try:
        form = await our_form(request, control, home.browser)
    except NotOurs as error:
        return await _show(home, what, message=home.text("stale"), status=error.status)
    which = Which(*(form.get(name, "") for name in Which._fields))
    subject = timeline.subject_of(control, home.resident.resident_id)
    async with control.store.read() as connection:
        found = await timeline.of_day(control, connection, subject, which.day)
    if all(line.which != which for line in found):
        return await _show(home, what, message=home.text("stale"), status=400)
    done = await objections.make(control, subject, which, form.get("reason", "").strip())
    return redirect(home.url(PATH, done="objected" if done else "", **what.filters))


async def _show(
    home: Home, what: Asked, *, message: str = "", notice: str = "", status: int = 200
) -> Response:
    control, language = home.control, home.language
    subject = timeline.subject_of(control, home.resident.resident_id)
    async with control.store.read() as connection:
        found = await timeline.read(control, connection, subject, what)
        made = await objections.of(control, connection, subject)
        apps = await timeline.apps(connection, subject)
        named = {*apps, *(one.which.client for one in made)}
        names = await client_names(connection, named)
    titles = dataset_titles(control, language)
    areas = sorted(set(timeline.domains(control).values()) - {"platform"})
    return home.page(
        "uses.html",
        PATH,
        message=message,
        notice=notice,
        status=status,
        asked=what,
        chosen=home.chosen,
        posts_to=home.url(PATH, **what.filters),
        days=_days(home, found.lines, made, names, titles),
        apps=[(one, names[one]) for one in apps],
        areas=[(one, home.text(f"domain_{one}") or one) for one in areas],
        periods=timeline.DAYS,
        older=home.url(PATH, **what.filters, before=str(found.next)) if found.next else "",
        newest=home.url(PATH, **what.filters) if what.before else "",
        objections=[_stated(home, one, names, titles) for one in made],
        longest=objections.LONGEST,
    )


def _days(
    home: Home,
    lines: list[Line],
    made: list[Objection],
    names: dict[str, str],
    titles: dict[str, str],
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The lines of the page, by day."""
    days: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        told = _shown(line, names, titles, home.language)
        told["objections"] = [one for one in made if one.which == line.which]
        days.setdefault(line.which.day, []).append(told)
    return list(days.items())


def _shown(
    line: Line, names: dict[str, str], titles: dict[str, str], language: str
) -> dict[str, Any]:
    which = line.which
    return {
        "which": which,
        "client": names[which.client],
        "dataset": _titled(which.dataset, titles),
        "purpose": purpose_words(which.purpose, language),
        "count": line.count,
        "first": _clock(line.first),
        "last": _clock(line.last),
        "used": line.used,
        "own": which.purpose == OWN,
        "emergency": line.emergency,
        "reason": line.reason,
    }


def _stated(
    home: Home, one: Objection, names: dict[str, str], titles: dict[str, str]
) -> dict[str, Any]:
    """An objection with its state."""
    which = one.which
    return {
        "to": home.text("objection_to").format(
            day=which.day, client=names[which.client], dataset=_titled(which.dataset, titles)
        ),
        "reason": one.reason,
        "answered": one.answered is not None,
        "answer": one.answer,
    }


def _titled(datasets: str, titles: dict[str, str]) -> str:
    return ", ".join(titles.get(one, one) for one in datasets.split())


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(ZONE)).strftime("%H:%M")
