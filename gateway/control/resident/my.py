"""The page ``/my``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from gateway.control.consent import receipt, records
from gateway.control.disclosure import shown as disclosures
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.sign_in import NotSignedIn, sign_in
from gateway.control.oauth.visit import redirect
from gateway.control.pages import choose_language, others, page
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.resident import consents, history
from gateway.control.resident.shared import apps
from gateway.control.state import Control, ControlDep
from gateway.control.told import shown as told
from schemas.problem import NotFound

router = APIRouter(tags=["Residents"])

PATH = "/my"
ConsentId = Annotated[str, Path(max_length=128)]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A resident's browser at the page.

    Attributes:
        chosen: the language that the address names; empty if the browser's is taken.
    """

    control: Control
    browser: Browser
    language: str
    chosen: str

    def url(self, **query: str) -> str:
        asked = {"lang": self.chosen, **query}
        given = "&".join(f"{name}={value}" for name, value in asked.items() if value)
        return f"{PATH}?{given}" if given else PATH


async def _visitor(request: Request, control: Control) -> Visitor:
    chosen = request.query_params.get("lang", "")
    chosen = chosen if chosen in TEXTS else ""
    language = choose_language(chosen, request.headers.get("accept-language", ""))
    return Visitor(control, await sessions.read(request, control), language, chosen)


@router.get(
    PATH,
    operation_id="showMyPage",
    summary="A resident's own page: what is shared, and with whom",
    response_class=Response,
    openapi_extra=shown(rate=120),
)
async def show(request: Request, control: ControlDep) -> Response:
    notice = "withdrawn" if request.query_params.get("done") == "withdrawn" else ""
    return await _show(await _visitor(request, control), notice=notice)


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
    visitor = await _visitor(request, control)
    texts = TEXTS[visitor.language]
    try:
        form = await our_form(request, control, visitor.browser)
    except NotOurs as error:
        return await _show(visitor, texts["stale"], status=error.status)
    decision = form.get("decision", "")
    if decision == "sign-in":
        return await _sign_in(request, visitor, form)
    if decision == "sign-out":
        return _again(visitor, await sessions.end(control, visitor.browser))
    resident = visitor.browser.resident
    if decision == "withdraw" and resident:
        done = await consents.withdraw(control, resident, form.get("consent", ""))
        return _again(visitor, visitor.browser, done="withdrawn" if done else "")
    return await _show(visitor)


async def _sign_in(request: Request, visitor: Visitor, form: dict[str, str]) -> Response:
    found = await sign_in(request, visitor.control, visitor.browser, form, visitor.language)
    if isinstance(found, NotSignedIn):
        response = await _show(visitor, found.message, found.username, found.status)
        if found.wait:
            response.headers["Retry-After"] = str(found.wait)
        return response
    return _again(visitor, found)


def _again(visitor: Visitor, browser: Browser, **query: str) -> Response:
    """To the page by GET, so that reloading it posts nothing."""
    response = redirect(visitor.url(**query))
    sessions.remember(response, visitor.control, browser)
    return response


async def _show(
    visitor: Visitor, message: str = "", username: str = "", status: int = 200, notice: str = ""
) -> Response:
    control, language = visitor.control, visitor.language
    values: dict[str, Any] = {
        "action": visitor.url(),
        "csrf": sessions.csrf_token(control, visitor.browser),
        "other_languages": others(language, lambda one: f"{PATH}?lang={one}"),
        "message": message,
        "provider": control.provider.name,
    }
    if visitor.browser.resident is None:
        purpose = TEXTS[language]["sign_in_here"]
        response = page(
            "login.html", language, status=status, purpose=purpose, username=username, **values
        )
    else:
        values |= await _mine(visitor)
        values["notice"] = TEXTS[language].get(notice, "")
        response = page("my.html", language, status=status, **values)
    sessions.remember(response, control, visitor.browser)
    return response


async def _mine(visitor: Visitor) -> dict[str, Any]:
    control, resident = visitor.control, visitor.browser.resident
    assert resident is not None  # noqa: S101 - asked by the caller
    async with control.store.read() as connection:
        found = await consents.of(connection, resident)
        happened = await history.of(
            connection, control.pseudonyms, control.audit.envelopes, resident
        )
        notices = await told.of(connection, resident)
        disclosed = await disclosures.of(
            connection, control.publisher.current.apis, resident, visitor.language
        )
    names = {one.grant.gid: one.client for one in found}
    known = control.publisher.current.apis
    return {
        "resident_name": resident.name,
        "shared": apps(found, known, control.now(), visitor.language),
        "told": notices,
        "disclosed": disclosed,
        "happened": [(one.at, one.text, names.get(one.gid, "")) for one in happened],
    }


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
