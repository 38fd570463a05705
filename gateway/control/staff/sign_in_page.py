"""``/staff/sign-in`` and ``/staff/sign-out``: staff and developers in a browser."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from gateway.control.brakes import MustWait
from gateway.control.oauth.sign_in import source_address
from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.pages.texts_wide import WIDE_TEXTS
from gateway.control.pages.wide import Room, language_of, room_page
from gateway.control.staff import back, browser
from gateway.control.staff.browser import SIGN_IN, NotForThem, SignInFirst, StaffBrowser
from gateway.control.staff.sign_in import authenticate_in_browser
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Staff"])

SIGN_OUT: Final = "/staff/sign-out"
_ROOM: Final = Room("/developers", "staff_sign_in_title", (), WIDE_TEXTS)


@router.get(
    SIGN_IN,
    operation_id="showStaffSignIn",
    summary="Where staff and developers sign in",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    visitor = await browser.signed_in(request, control)
    asked = request.query_params.get("next", "")
    if visitor.staff:
        return redirect(back.local(asked, _home(visitor)))
    return _show(request, control, visitor, asked)


@router.post(
    SIGN_IN,
    operation_id="signInStaff",
    summary="What the sign-in page posts",
    response_class=Response,
    openapi_extra=posted(
        username="",
        password="",
        code="What the authenticator app shows",
        next="Where to go then",
        csrf="",
    ),
)
async def sign_in(request: Request, control: ControlDep) -> Response:
    visitor = await browser.signed_in(request, control)
    language = language_of(request)
    try:
        form = await our_form(request, control, visitor)
    except NotOurs as error:
        asked, stale = error.form.get("next", ""), WIDE_TEXTS[language]["staff_stale"]
        return _show(request, control, visitor, asked, stale, status=error.status)
    asked, username = form.get("next", ""), form.get("username", "")
    try:
        found = await authenticate_in_browser(
            control, username, form.get("password", ""), form.get("code", ""),
            source_address(request),
        )  # fmt: skip
    except MustWait as wait:
        message = TEXTS[language]["wait"].format(seconds=wait.seconds)
        response = _show(request, control, visitor, asked, message, username, 429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    if found is None:
        wrong = WIDE_TEXTS[language]["staff_wrong"]
        return _show(request, control, visitor, asked, wrong, username, 403)
    visitor = await browser.begin(control, visitor, *found)
    return _go(control, visitor, back.local(asked, _home(visitor)))


@router.post(
    SIGN_OUT,
    operation_id="signOutStaff",
    summary="End a session",
    response_class=Response,
    openapi_extra=posted(next="Where to go then", csrf=""),
)
async def sign_out(request: Request, control: ControlDep) -> Response:
    visitor = await browser.signed_in(request, control)
    try:
        form = await our_form(request, control, visitor)
    except NotOurs:
        return redirect(_ROOM.home)
    visitor = await browser.end(control, visitor)
    return _go(control, visitor, back.local(form.get("next", ""), _ROOM.home))


def add_handlers(app: FastAPI) -> None:
    """Pages that need somebody send nobody to the sign-in page, and others away."""
    app.add_exception_handler(SignInFirst, _on_nobody)
    app.add_exception_handler(NotForThem, _on_other_roles)


async def _on_nobody(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInFirst)  # noqa: S101 - registered for this type only
    if request.headers.get("hx-request"):
        # htmx would put the sign-in page where a part of the page belongs
        return Response(headers={"HX-Redirect": error.location})
    return redirect(error.location)


async def _on_other_roles(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotForThem)  # noqa: S101 - registered for this type only
    control: Control = request.app.state.control
    return room_page(
        request, control, _ROOM, "staff_not_for.html", error.browser,
        status=403, needed=error.roles,
    )  # fmt: skip


def _home(visitor: StaffBrowser) -> str:
    roles = visitor.staff.roles if visitor.staff else ()
    return "/console" if {"operator", "auditor"} & set(roles) else "/developers"


def _go(control: Control, visitor: StaffBrowser, location: str) -> Response:
    response = redirect(location)
    browser.remember(response, control, visitor)
    return response


def _show(
    request: Request,
    control: Control,
    visitor: StaffBrowser,
    asked: str,
    message: str = "",
    username: str = "",
    status: int = 200,
) -> Response:
    return room_page(
        request, control, _ROOM, "staff_sign_in.html", visitor,
        status=status, next=back.local(asked, ""), message=message, username=username,
    )  # fmt: skip
