"""The page ``/my/safety``: a resident's authenticator app, recovery codes, and erasing oneself."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control import second_factor
from gateway.control.audit.event import RESIDENT
from gateway.control.identity import recovery
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.visit import redirect
from gateway.control.pages import page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.resident import erasure
from gateway.control.residents import Resident
from gateway.control.second_factor import Factor
from gateway.control.secrets import new_token
from gateway.control.staff import qr
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Residents"])

PATH = "/my/safety"
FRESH: Final = 600
"""Seconds since the sign-in in which this page can be used: who finds a browser left open must not
be able to make the account their own."""


@router.get(
    PATH,
    operation_id="showSafety",
    summary="A resident's authenticator app and recovery codes",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    if browser.resident is None or control.now() - browser.began > FRESH:
        return await _to_sign_in(control, browser)
    return await _show(request, control, browser, browser.resident)


@router.post(
    PATH,
    operation_id="changeSafety",
    summary="What the page of an account's safety posts",
    response_class=Response,
    openapi_extra=posted(
        decision="add, remove, codes or erase",
        code="What the authenticator app shows",
        sure="With erase: yes",
        csrf="",
    ),
)
async def change(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    if browser.resident is None or control.now() - browser.began > FRESH:
        return await _to_sign_in(control, browser)
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        stale = TEXTS[language_of(request)]["stale"]
        return await _show(request, control, browser, browser.resident, stale, error.status)
    return await _change(request, control, browser, browser.resident, form)


async def _to_sign_in(control: Control, browser: Browser) -> Response:
    response = redirect("/my")
    sessions.remember(response, control, await sessions.end(control, browser))
    return response


async def _change(
    request: Request, control: Control, browser: Browser, resident: Resident, form: dict[str, str]
) -> Response:
    texts, decision = ACCOUNT_TEXTS[language_of(request)], form.get("decision", "")
    if decision == "codes":
        return await _new_codes(request, control, resident)
    if decision == "erase" and form.get("sure") == "yes":
        await erasure.erase(control, resident)
        done = page("staff_done.html", language_of(request), text=texts["erase_done"])
        sessions.remember(done, control, Browser(new_token()))
        return done
    if decision not in {"add", "remove"}:
        return await _show(request, control, browser, resident)
    if not await _prove(control, resident, form.get("code", ""), removing=decision == "remove"):
        return await _show(request, control, browser, resident, texts["factor_wrong"], 403)
    text = texts["factor_on" if decision == "add" else "factor_off"]
    return page("account_done.html", language_of(request), text=text, codes=[])


async def _prove(control: Control, resident: Resident, code: str, *, removing: bool) -> bool:
    """Whether the app's number was right: it is what adds the app, and what takes it off."""
    account = resident.account
    async with control.store.write() as connection:
        if not await second_factor.use(connection, control.secrets, account, code, control.now()):
            return False
        if removing:
            await second_factor.remove(connection, account)
        action = "account.factor-off" if removing else "account.factor-on"
        await control.record_about(connection, resident.resident_id, RESIDENT, action)
    return True


async def _new_codes(request: Request, control: Control, resident: Resident) -> Response:
    until = control.now() + recovery.OWN
    async with control.store.write() as connection:
        codes = await recovery.make(
            connection, control.secrets, resident.resident_id, until, recovery.HOW_MANY
        )
    text = ACCOUNT_TEXTS[language_of(request)]["recover_codes_help"]
    return page("account_done.html", language_of(request), text=text, codes=codes)


async def _show(
    request: Request,
    control: Control,
    browser: Browser,
    resident: Resident,
    message: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    factor = await _factor(control, resident)
    response = page(
        "safety.html",
        language,
        status=status,
        message=message,
        confirmed=factor.confirmed,
        qr=qr.svg(factor.uri(resident.username, TEXTS["en"]["platform"])),
        key=qr.spelled(factor.key),
        csrf=sessions.csrf_token(control, browser),
    )
    sessions.remember(response, control, browser)
    return response


async def _factor(control: Control, resident: Resident) -> Factor:
    """The resident's, or one proposed: the same until it is confirmed."""
    async with control.store.write() as connection:
        held = await second_factor.find(connection, control.secrets, resident.account)
        return held or await second_factor.propose(
            connection, control.store, control.secrets, resident.account
        )
