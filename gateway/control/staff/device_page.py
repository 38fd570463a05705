"""The page ``/staff/device``: who signs in here lets a device act in their name (RFC 8628 §3.3)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.control.brakes import MustWait
from gateway.control.oauth import clients, sessions
from gateway.control.oauth.sign_in import source_address
from gateway.control.pages import page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts_staff import STAFF_TEXTS
from gateway.control.staff import device_requests, grants
from gateway.control.staff.accounts import Staff
from gateway.control.staff.device import PAGE
from gateway.control.staff.device_requests import DeviceRequest
from gateway.control.staff.sign_in import authenticate
from gateway.control.state import Control, ControlDep
from schemas.scopes import DESCRIPTIONS, parse

router = APIRouter(tags=["Staff"])


@router.get(
    PAGE,
    operation_id="showDevicePage",
    summary="Where staff let a device act in their name",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _show(request, control, request.query_params.get("user_code", ""))


@router.post(
    PAGE,
    operation_id="decideForDevice",
    summary="What the device page posts",
    response_class=Response,
    openapi_extra=posted(
        decision="allow or deny",
        user_code="What the device shows",
        username="",
        password="",
        code="What the authenticator app shows",
        csrf="",
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    texts = STAFF_TEXTS[language_of(request)]
    browser = await sessions.read(request, control)
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        user_code = error.form.get("user_code", "")
        stale = texts["device_stale"]
        return await _show(request, control, user_code, stale, status=error.status)
    user_code = form.get("user_code", "")
    async with control.store.read() as connection:
        asked = await device_requests.find_open(
            connection, control.secrets, user_code, control.now()
        )
    if asked is None:
        return await _show(request, control, user_code)
    # nobody denies what they cannot allow: a code that was seen could stop another's sign-in
    try:
        staff = await authenticate(
            control, form.get("username", ""), form.get("password", ""), form.get("code", ""),
            source_address(request),
        )  # fmt: skip
    except MustWait as wait:
        message = texts["device_wait"].format(seconds=wait.seconds)
        response = await _show(request, control, user_code, message, form.get("username", ""), 429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    if staff is None:
        name = form.get("username", "")
        return await _show(request, control, user_code, texts["device_wrong"], name, 403)
    text = await _decide(control, asked, staff, allowed=form.get("decision") == "allow")
    return page("staff_done.html", language_of(request), text=texts[text])


async def _decide(control: Control, asked: DeviceRequest, staff: Staff, *, allowed: bool) -> str:
    """The key of the text that says what came of it."""
    now = control.now()
    grant = grants.new_grant(staff, asked.client_id, asked.scope, now) if allowed else None
    async with control.store.write() as connection:
        if not await device_requests.decide(connection, asked, grant.gid if grant else ""):
            return "device_unknown"
        if grant is None:
            return "device_none" if allowed else "device_denied"
        await grants.add(connection, grant)
        await control.record(
            connection, staff.account, "staff.sign-in", grant.gid,
            app=asked.client_id, scopes=grant.scope.split(),
        )  # fmt: skip
    return "device_done"


async def _show(
    request: Request,
    control: Control,
    user_code: str,
    message: str = "",
    username: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    browser = await sessions.read(request, control)
    asked = await _asked(control, user_code)
    if user_code and not asked and not message:
        message, status = STAFF_TEXTS[language]["device_unknown"], 404
    response = page(
        "staff_device.html",
        language,
        status=status,
        message=message,
        user_code=user_code[:20],
        username=username,
        csrf=sessions.csrf_token(control, browser),
        **(asked or {"client": "", "asked": []}),
    )
    sessions.remember(response, control, browser)
    return response


async def _asked(control: Control, user_code: str) -> dict[str, Any] | None:
    """Which client wants to do what."""
    async with control.store.read() as connection:
        found = await device_requests.find_open(
            connection, control.secrets, user_code, control.now()
        )
        client = await clients.find(connection, found.client_id) if found else None
    if found is None or client is None:
        return None
    scopes = sorted(parse(found.scope))
    return {"client": client.name, "asked": [(one, DESCRIPTIONS.get(one, "")) for one in scopes]}
