"""The page ``/my/recover``: a new password for who has a recovery code."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control import brakes, residents, second_factor
from gateway.control.audit.event import RESIDENT
from gateway.control.brakes import MustWait
from gateway.control.identity import recovery
from gateway.control.oauth import sessions
from gateway.control.oauth.sign_in import source_address
from gateway.control.pages import others, page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts import TEXTS
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.residents import LONGEST_PASSWORD, SHORTEST_PASSWORD
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Residents"])

PATH = "/my/recover"


@router.get(
    PATH,
    operation_id="showRecovery",
    summary="Where a resident sets a new password with a recovery code",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    return await _show(request, control)


@router.post(
    PATH,
    operation_id="recover",
    summary="What the recovery page posts",
    response_class=Response,
    openapi_extra=posted(username="", code="A recovery code", password="", csrf=""),
)
async def recover(request: Request, control: ControlDep) -> Response:
    language = language_of(request)
    texts = ACCOUNT_TEXTS[language]
    browser = await sessions.read(request, control)
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        return await _show(request, control, TEXTS[language]["stale"], status=error.status)
    if not SHORTEST_PASSWORD <= len(form.get("password", "")) <= LONGEST_PASSWORD:
        message = texts["recover_short"].format(least=SHORTEST_PASSWORD)
        return await _show(request, control, message, status=400)
    try:
        done = await _recover(control, form, source_address(request))
    except MustWait as wait:
        message = TEXTS[language_of(request)]["wait"].format(seconds=wait.seconds)
        response = await _show(request, control, message, status=429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    if not done:
        return await _show(request, control, texts["recover_wrong"], status=403)
    return page("account_done.html", language_of(request), text=texts["recover_done"], codes=[])


async def _recover(control: Control, form: dict[str, str], address: str) -> bool:
    """Raises:
    MustWait: for the account or the address.
    """
    username = residents.as_kept(form.get("username", ""))
    held = brakes.of(control.secrets, "recovery", username, address)
    async with control.store.write() as connection:
        await brakes.count(connection, held, control.now())
        resident = await residents.find_by_username(connection, username)
    # as slow for nobody's name as for somebody's
    hashed = await control.passwords.hash(form["password"])
    if resident is None:
        return False
    async with control.store.write() as connection:
        if not await recovery.use(
            connection, control.secrets, resident.resident_id, form.get("code", ""), control.now()
        ):
            return False
        await residents.set_password(connection, resident.resident_id, hashed)
        # who has lost both has lost the app too; the code was the proof
        await second_factor.remove(connection, resident.account)
        await brakes.release(connection, held)
        await control.record_about(connection, resident.resident_id, RESIDENT, "account.recover")
    return True


async def _show(
    request: Request, control: Control, message: str = "", status: int = 200
) -> Response:
    browser = await sessions.read(request, control)
    response = page(
        "recover.html",
        language_of(request),
        status=status,
        message=message,
        csrf=sessions.csrf_token(control, browser),
        other_languages=others(language_of(request), lambda one: f"{PATH}?lang={one}"),
        least=SHORTEST_PASSWORD,
    )
    sessions.remember(response, control, browser)
    return response
