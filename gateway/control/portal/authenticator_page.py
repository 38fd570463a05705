"""The page ``/developers/authenticator``: a developer's second factor, for live applications."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control import brakes, second_factor
from gateway.control.brakes import MustWait
from gateway.control.oauth.sign_in import source_address
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.texts_staff import STAFF_TEXTS
from gateway.control.pages.wide import language_of
from gateway.control.portal.apps_page import developer
from gateway.control.portal.navigation import portal_page
from gateway.control.portal.texts_apps import APPS_TEXTS
from gateway.control.second_factor import Factor
from gateway.control.staff import qr
from gateway.control.staff.accounts import Staff
from gateway.control.staff.browser import StaffBrowser
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Developer portal"])

PATH = "/developers/authenticator"


@router.get(
    PATH,
    operation_id="showOwnAuthenticator",
    summary="Where a developer sets up an authenticator app",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    return await _show(request, control, browser, staff)


@router.post(
    PATH,
    operation_id="setOwnAuthenticator",
    summary="What that page posts",
    response_class=Response,
    openapi_extra=posted(code="What the authenticator app shows", csrf=""),
)
async def confirm(request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    texts = APPS_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        return await _show(request, control, browser, staff, texts["app_stale"], error.status)
    try:
        right = await _confirm(control, staff, form.get("code", ""), source_address(request))
    except MustWait as wait:
        message = texts["join_wait"].format(seconds=wait.seconds)
        return await _show(request, control, browser, staff, message, 429)
    if right:
        return await _show(request, control, browser, staff)
    return await _show(request, control, browser, staff, texts["authenticator_wrong"], 403)


async def _confirm(control: Control, staff: Staff, code: str, address: str) -> bool:
    held = brakes.of(control.secrets, "authenticator", staff.staff_id, address)
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
    async with control.store.write() as connection:
        if not await second_factor.use(
            connection, control.secrets, staff.account, code, control.now()
        ):
            return False
        await brakes.release(connection, held)
        await control.record(connection, staff.account, "staff.authenticator", staff.staff_id)
    return True


async def _show(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    staff: Staff,
    message: str = "",
    status: int = 200,
) -> Response:
    factor = await _factor(control, staff)
    uri = factor.uri(staff.username, STAFF_TEXTS["en"]["issuer"])
    return portal_page(
        request, control, "portal/authenticator.html", browser,
        status=status,
        message=message,
        confirmed=factor.confirmed,
        qr="" if factor.confirmed else qr.svg(uri),
        key="" if factor.confirmed else qr.spelled(factor.key),
    )  # fmt: skip


async def _factor(control: Control, staff: Staff) -> Factor:
    """The developer's, or one proposed: the same until it is confirmed."""
    async with control.store.write() as connection:
        held = await second_factor.find(connection, control.secrets, staff.account)
        return held or await second_factor.propose(
            connection, control.store, control.secrets, staff.account
        )
