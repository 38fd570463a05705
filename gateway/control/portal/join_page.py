"""The page ``/developers/join``, where a developer makes their account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control.brakes import MustWait
from gateway.control.identity.means import BY_PASSWORD
from gateway.control.oauth.sign_in import source_address
from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.wide import language_of
from gateway.control.portal.joining import join
from gateway.control.portal.navigation import portal_page
from gateway.control.portal.texts_apps import APPS_TEXTS
from gateway.control.staff import browser as browsers
from gateway.control.staff.browser import StaffBrowser, signed_in
from gateway.control.staff.sign_in import SHORTEST_PASSWORD
from gateway.control.state import Control, ControlDep
from schemas.problem import Conflict, Forbidden, Problem, Unavailable, Unprocessable

router = APIRouter(tags=["Developer portal"])

PATH = "/developers/join"
_NEXT = "/developers/apps"


@router.get(
    PATH,
    operation_id="showJoin",
    summary="Where a developer makes their account",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await signed_in(request, control)
    return redirect(_NEXT) if browser.staff else _show(request, control, browser)


@router.post(
    PATH,
    operation_id="joinAsDeveloper",
    summary="What the page posts",
    response_class=Response,
    openapi_extra=posted(
        rate=20,
        name="",
        username="",
        password=f"At least {SHORTEST_PASSWORD} characters",
        csrf="",
    ),
)
async def post(request: Request, control: ControlDep) -> Response:
    browser, texts = await signed_in(request, control), APPS_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        return _show(request, control, browser, error.form, texts["app_stale"], error.status)
    try:
        staff = await join(
            control,
            form.get("username", ""),
            form.get("name", ""),
            form.get("password", ""),
            source_address(request),
        )
    except MustWait as wait:
        message = texts["join_wait"].format(seconds=wait.seconds)
        response = _show(request, control, browser, form, message, 429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    except (Conflict, Forbidden, Unavailable, Unprocessable) as problem:
        return _show(request, control, browser, form, _said(problem, texts), problem.status)
    response = redirect(_NEXT)
    browsers.remember(response, control, await browsers.begin(control, browser, staff, BY_PASSWORD))
    return response


def _said(problem: Problem, texts: dict[str, str]) -> str:
    if isinstance(problem, Unprocessable):
        what = "; ".join(f"{one.where.removeprefix('/')} {one.what}" for one in problem.faults)
        return texts["join_wrong"].format(what=what)
    kinds = ((Conflict, "join_taken"), (Forbidden, "join_closed"), (Unavailable, "join_full"))
    return next(texts[key] for kind, key in kinds if isinstance(problem, kind))


def _show(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    form: dict[str, str] | None = None,
    message: str = "",
    status: int = 200,
) -> Response:
    known = {name: (form or {}).get(name, "") for name in ("name", "username")}
    return portal_page(
        request, control, "portal/join.html", browser,
        status=status, open=control.offer.join, form=known, message=message,
        least=SHORTEST_PASSWORD,
    )  # fmt: skip
