"""The page ``/my/safety``: authenticator app, recovery codes, sign-ins, and erasing oneself."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control import second_factor
from gateway.control.audit.event import RESIDENT
from gateway.control.identity import recovery, safety_shown, signed_in
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.visit import redirect
from gateway.control.pages import page
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.resident import erasure, room
from gateway.control.resident.room import Home
from gateway.control.residents import Resident
from gateway.control.secrets import new_token
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Residents"])

PATH: Final = room.SAFETY
FRESH: Final = 600
"""Seconds since the sign-in in which this page can be used: who finds a browser left open must not
be able to make the account their own."""


@router.get(
    PATH,
    operation_id="showSafety",
    summary="A resident's authenticator app, recovery codes and sign-ins; and erasing oneself",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    if home is None or not _is_fresh(home):
        return await _to_sign_in(request, control)
    notice = "session_ended" if request.query_params.get("done") == "ended" else ""
    return await safety_shown.show(home, notice=home.text(notice))


@router.post(
    PATH,
    operation_id="changeSafety",
    summary="What the page of an account's safety posts",
    response_class=Response,
    openapi_extra=posted(
        decision="add, remove, codes, end-session, end-others or erase",
        code="What the authenticator app shows",
        session="With end-session: which",
        sure="With erase: yes",
        csrf="",
    ),
)
async def change(request: Request, control: ControlDep) -> Response:
    home = await room.enter(request, control)
    if home is None or not _is_fresh(home):
        return await _to_sign_in(request, control)
    try:
        form = await our_form(request, control, home.browser)
    except NotOurs as error:
        return await safety_shown.show(home, home.text("stale"), error.status)
    return await _change(home, form)


def _is_fresh(home: Home) -> bool:
    return home.control.now() - home.browser.began <= FRESH


async def _to_sign_in(request: Request, control: Control) -> Response:
    response = room.to_sign_in(request)
    browser = await sessions.read(request, control)
    sessions.remember(response, control, await sessions.end(control, browser))
    return response


async def _change(home: Home, form: dict[str, str]) -> Response:
    control, resident, decision = home.control, home.resident, form.get("decision", "")
    texts = ACCOUNT_TEXTS[home.language]
    if decision == "codes":
        return await _new_codes(home)
    if decision in {"end-session", "end-others"}:
        return await _end(home, form.get("session", "") if decision == "end-session" else "")
    if decision == "erase" and form.get("sure") == "yes":
        await erasure.erase(control, resident)
        done = page("staff_done.html", home.language, text=texts["erase_done"])
        sessions.remember(done, control, Browser(new_token()))
        return done
    if decision not in {"add", "remove"}:
        return await safety_shown.show(home)
    if not await _prove(control, resident, form.get("code", ""), removing=decision == "remove"):
        return await safety_shown.show(home, texts["factor_wrong"], 403)
    text = texts["factor_on" if decision == "add" else "factor_off"]
    return page("account_done.html", home.language, text=text, codes=[])


async def _end(home: Home, name: str) -> Response:
    """End one sign-in, or all others when none is named."""
    done = await signed_in.end(home.control, home.browser, home.resident, name)
    return redirect(home.url(PATH, done="ended" if done else ""))


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


async def _new_codes(home: Home) -> Response:
    control, resident = home.control, home.resident
    until = control.now() + recovery.OWN
    async with control.store.write() as connection:
        codes = await recovery.make(
            connection, control.secrets, resident.resident_id, until, recovery.HOW_MANY
        )
    text = ACCOUNT_TEXTS[home.language]["recover_codes_help"]
    return page("account_done.html", home.language, text=text, codes=codes)
