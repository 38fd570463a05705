"""The page ``/my/download``: everything about oneself, in one press."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway.control import brakes
from gateway.control.audit.event import RESIDENT
from gateway.control.brakes import MustWait
from gateway.control.identity.safety_page import FRESH
from gateway.control.oauth import sessions
from gateway.control.oauth.sign_in import source_address
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.portability.making import Copy
from gateway.control.portability.sources import sources
from gateway.control.resident import room
from gateway.control.resident.room import Home
from gateway.control.state import ControlDep

router = APIRouter(tags=["Residents"])

PATH: Final = room.DOWNLOAD
OFTEN: Final = 5
"""Copies before one has to wait; the next wait doubles, like that of who guesses."""


@router.get(
    PATH,
    operation_id="showDownload",
    summary="Where residents get a copy of everything about them",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    return _show(home) if home else room.to_sign_in(request)


@router.post(
    PATH,
    operation_id="downloadEverything",
    summary="Everything about the resident who is signed in, as a ZIP",
    response_class=Response,
    openapi_extra=posted(
        rate=20,
        password="",
        code="What the authenticator app shows, if there is one",
        csrf="",
    ),
)
async def download(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    if home is None:
        return room.to_sign_in(request)
    try:
        form = await our_form(request, control, home.browser)
    except NotOurs as error:
        return _show(home, home.text("stale"), error.status)
    try:
        if not await _is_sure(request, home, form):
            return _show(home, home.text("copy_wrong"), 403)
        await _note(home)
    except MustWait as wait:
        response = _show(home, home.text("copy_wait").format(seconds=wait.seconds), 429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    return _send(request, home)


async def _is_sure(request: Request, home: Home, form: dict[str, str]) -> bool:
    """Whether it is the resident: by password once more, or by a sign-in elsewhere just now.

    Raises:
        MustWait: too many wrong ones.
    """
    control, resident = home.control, home.resident
    if not resident.password_hash:
        return _has_just_signed_in(home)
    found = await sessions.authenticate(
        control,
        resident.username,
        form.get("password", ""),
        source_address(request),
        form.get("code", ""),
    )
    return found is not None


def _has_just_signed_in(home: Home) -> bool:
    return home.control.now() - home.browser.began <= FRESH


async def _note(home: Home) -> None:
    """Raises:
    MustWait: that was often.
    """
    control, resident = home.control, home.resident
    key = control.secrets.hash(f"copy {resident.resident_id}")
    async with control.store.write() as connection:
        await brakes.count(connection, {key: OFTEN}, control.now())
        await control.record_about(connection, resident.resident_id, RESIDENT, "resident.download")


def _send(request: Request, home: Home) -> Response:
    copy = Copy(
        control=home.control,
        http=request.app.state.gateway_http,
        resident=home.resident,
        how=home.browser.sign_in,
        sources=sources(home.control.publisher.current.apis),
        language=home.language,
    )
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(copy.file_name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return StreamingResponse(copy.pieces(), media_type="application/zip", headers=headers)


def _show(home: Home, message: str = "", status: int = 200) -> Response:
    found = sources(home.control.publisher.current.apis)
    return home.page(
        "download.html",
        PATH,
        message=message,
        status=status,
        titles=[one.title(home.language) for one in found],
        has_password=bool(home.resident.password_hash),
        is_fresh=_has_just_signed_in(home),
        sign_in=home.url(room.SAFETY),
    )
