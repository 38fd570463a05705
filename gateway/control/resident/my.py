"""The page ``/my``."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from gateway.control import residents
from gateway.control.consent import receipt, records
from gateway.control.disclosure import shown as disclosures
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.sign_in import NotSignedIn, sign_in
from gateway.control.oauth.visit import redirect
from gateway.control.pages import others, page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.resident import consents, history, news, room
from gateway.control.resident.room import Home
from gateway.control.resident.shared import apps
from gateway.control.state import Control, ControlDep
from gateway.control.told import shown as told
from gateway.control.trail.words import dataset_titles
from schemas.problem import NotFound

router = APIRouter(tags=["Residents"])

PATH: Final = room.MY
ConsentId = Annotated[str, Path(max_length=128)]


@router.get(
    PATH,
    operation_id="showMyPage",
    summary="A resident's own page: what is shared, and with whom",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    home = room.home_of(request, control, browser)
    if home is None:
        return _sign_in_page(request, control, browser)
    return await _show(home, notice=await _stopped(home, request.query_params.get("stopped", "")))


@router.post(
    PATH,
    operation_id="changeMyPage",
    summary="What the resident's own page posts",
    response_class=Response,
    openapi_extra=posted(
        rate=120,
        decision="sign-in, sign-out or withdraw",
        consent="With withdraw: a consent, a grant, or client:<client_id> for all of a client",
        csrf="",
        username="",
        password="",
    ),
)
async def change(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    home = room.home_of(request, control, browser)
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        stale = TEXTS[language_of(request)]["stale"]
        if home is None:
            return _sign_in_page(request, control, browser, stale, status=error.status)
        return await _show(home, stale, error.status)
    decision = form.get("decision", "")
    if decision == "sign-in":
        return await _sign_in(request, control, browser, form)
    if decision == "sign-out":
        return _again(request, control, await sessions.end(control, browser))
    if decision == "withdraw" and home:
        which = form.get("consent", "")
        done = await consents.withdraw(control, home.resident, which)
        return _again(request, control, browser, stopped=which if done else "")
    return await _show(home) if home else _sign_in_page(request, control, browser)


def _sign_in_page(
    request: Request,
    control: Control,
    browser: Browser,
    message: str = "",
    username: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    response = page(
        "login.html",
        language,
        status=status,
        purpose=TEXTS[language]["sign_in_here"],
        username=username,
        action=room.address(PATH, lang=room.chosen_language(request)),
        csrf=sessions.csrf_token(control, browser),
        other_languages=others(language, lambda one: f"{PATH}?lang={one}"),
        message=message,
        provider=control.provider.name,
    )
    sessions.remember(response, control, browser)
    return response


async def _sign_in(
    request: Request, control: Control, browser: Browser, form: dict[str, str]
) -> Response:
    found = await sign_in(request, control, browser, form, language_of(request))
    if isinstance(found, NotSignedIn):
        response = _sign_in_page(
            request, control, browser, found.message, found.username, found.status
        )
        if found.wait:
            response.headers["Retry-After"] = str(found.wait)
        return response
    return _again(request, control, found)


def _again(request: Request, control: Control, browser: Browser, **query: str) -> Response:
    """To the page by GET, so that reloading it posts nothing."""
    response = redirect(room.address(PATH, lang=room.chosen_language(request), **query))
    sessions.remember(response, control, browser)
    return response


async def _show(home: Home, message: str = "", status: int = 200, notice: str = "") -> Response:
    control, resident = home.control, home.resident
    known = control.publisher.current.apis
    async with control.store.read() as connection:
        found = await consents.of(connection, resident)
        happened = await history.of(
            connection, control.pseudonyms, control.audit.envelopes, resident
        )
        values: dict[str, Any] = {
            "news": await news.of(home, connection),
            "told": await told.of(connection, resident),
            "disclosed": await disclosures.of(connection, known, resident, home.language),
        }
    names = {one.grant.gid: one.client for one in found}
    response = home.page(
        "my.html",
        PATH,
        message=message,
        notice=notice,
        status=status,
        shared=apps(found, known, control.now(), home.language),
        happened=[(one.at, one.text, names.get(one.gid, "")) for one in happened],
        uses=home.url(room.USES),
        **values,
    )
    async with control.store.write() as connection:
        await residents.note_seen(connection, resident.resident_id, control.now())
    return response


async def _stopped(home: Home, which: str) -> str:
    """In words what was withdrawn just now; empty if nothing was."""
    if not which:
        return ""
    async with home.control.store.read() as connection:
        found = await consents.of(connection, home.resident)
    titles = dataset_titles(home.control, home.language)
    for one in found:
        if which in (one.grant.gid, consents.OF_CLIENT + one.grant.client_id):
            return home.text("stopped_all").format(client=one.client)
        for given in one.given:
            if given.consent_id == which and not given.is_alive(home.control.now()):
                dataset = titles.get(given.dataset, given.dataset)
                return home.text("stopped").format(client=one.client, dataset=dataset)
    return ""


@router.get(
    PATH + "/consents/{consent}/receipt",
    operation_id="downloadReceipt",
    summary="The receipt of one of the resident's consents (ISO/IEC TS 27560), signed",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def download_receipt(consent: ConsentId, request: Request, control: ControlDep) -> Response:
    resident = (await sessions.read(request, control)).resident
    if resident is None:
        return redirect(PATH)
    async with control.store.read() as connection:
        given = await records.find(connection, consent)
        if given is None or given.resident_id != resident.resident_id:
            raise NotFound("There is no such consent of yours.")
        body = await receipt.made(control, connection, given)
    headers = {
        "Content-Disposition": f'attachment; filename="consent-{given.consent_id}.json"',
        "Cache-Control": "no-store",
    }
    return JSONResponse(body, headers=headers)
