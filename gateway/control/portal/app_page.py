"""The page ``/developers/apps/{client_id}``: one application, its keys, what can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import apps, credentials, shown_app
from gateway.control.portal.apps_page import developer, one, show_keys
from gateway.control.portal.credentials import OVERLAPS, TRIAL
from gateway.control.portal.navigation import APPS, portal_page
from gateway.control.portal.reference import APIS
from gateway.control.portal.texts_apps import APPS_TEXTS
from gateway.control.staff.accounts import Staff
from gateway.control.staff.browser import StaffBrowser
from gateway.control.state import Control, ControlDep
from schemas.problem import Conflict, Unprocessable

router = APIRouter(tags=["Developer portal"])

PAGE = APPS + "/{client_id}"
_DONE: Final = ("app_changed", "app_proposed", "paused_now", "resumed_now", "key_set", "old_ended")
"""What the page says after a redirect to it; nothing else can be put into its address."""


@router.get(
    PAGE,
    operation_id="showOwnApp",
    summary="One of a developer's applications",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    return await _show(request, control, browser, staff, client_id)


@router.post(
    PAGE,
    operation_id="decideAboutOwnApp",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="rotate, end-old, keys, trial, pause, resume or end",
        overlap="With rotate: none, hour, day or week",
        jwks="With keys",
        sure="With end: yes",
        csrf="",
    ),
)
async def decide(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    texts = APPS_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        stale = texts["app_stale"]
        return await _show(request, control, browser, staff, client_id, stale, error.status)
    try:
        return await _decide(request, control, browser, staff, client_id, form)
    except Unprocessable:
        message = texts["key_wrong"]
        return await _show(request, control, browser, staff, client_id, message, 422)
    except Conflict:
        return await _show(request, control, browser, staff, client_id, texts["not_now"], 409)


async def _decide(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    staff: Staff,
    client_id: str,
    form: dict[str, str],
) -> Response:
    decision = form.get("decision", "")
    if decision == "rotate":
        overlap = OVERLAPS.get(form.get("overlap", ""), 0)
        made = await credentials.rotate(control, staff, client_id, overlap)
        return show_keys(request, control, browser, made)
    if decision == "trial":
        token, scope = await credentials.trial(control, staff, client_id)
        return await _show(request, control, browser, staff, client_id, trial=(token, scope))
    if decision == "keys":
        await credentials.set_keys(control, staff, client_id, form.get("jwks", ""))
        return redirect(f"{APPS}/{client_id}?done=key_set")
    if decision == "end" and form.get("sure") == "yes":
        await apps.end(control, staff, client_id)
        return redirect(APPS)
    if decision not in _PLAIN:
        return await _show(request, control, browser, staff, client_id)
    act, done = _PLAIN[decision]
    await act(control, staff, client_id)
    return redirect(f"{APPS}/{client_id}?done={done}")


_Act = Callable[[Control, Staff, str], Awaitable[object]]
_PLAIN: Final[dict[str, tuple[_Act, str]]] = {
    "pause": (apps.pause, "paused_now"),
    "resume": (apps.resume, "resumed_now"),
    "end-old": (credentials.end_old, "old_ended"),
}


async def _show(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    staff: Staff,
    client_id: str,
    message: str = "",
    status: int = 200,
    trial: tuple[str, str] = ("", ""),
) -> Response:
    language = language_of(request)
    texts = APPS_TEXTS[language]
    client = await one(control, staff, client_id)
    done = request.query_params.get("done", "")
    token, scope = trial
    return portal_page(
        request, control, "portal/app.html", browser,
        status=status,
        app=shown_app.whole(control, client, texts),
        scopes=shown_app.scope_lines(control, client, language),
        message=message,
        notice=texts[done] if done in _DONE and request.method == "GET" else "",
        overlaps=tuple(OVERLAPS),
        trial=token,
        trial_minutes=TRIAL // 60,
        city=control.public_url,
        example=_example(control, scope),
    )  # fmt: skip


def _example(control: Control, scope: str) -> dict[str, str]:
    """Something to read with a token for ``scope``: its path, and where its reference is."""
    held = frozenset(scope.split())
    for api in control.publisher.current.apis:
        for route in api.routes:
            plain = route["method"] == "GET" and route["access"] == "scoped" and route["dataset"]
            if plain and "{" not in route["path"] and any(held.issuperset(x) for x in route["scopes"]):
                name, _, operation = route["id"].partition(".")
                page = f"{APIS}/{name}/operations/{operation}"
                return {"path": route["path"], "reference": page}
    return {"path": "/catalogue/v1/apis", "reference": APIS}
