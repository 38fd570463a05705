"""Taking up an invitation: the page ``/staff/enrol``, where password and second factor are set."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.control import second_factor
from gateway.control.oauth import sessions
from gateway.control.oauth.sessions import Browser
from gateway.control.pages import page
from gateway.control.pages.posts import NotOurs, language_of, our_form, posted, shown
from gateway.control.pages.texts_staff import STAFF_TEXTS
from gateway.control.residents import LONGEST_PASSWORD
from gateway.control.second_factor import Factor
from gateway.control.staff import accounts, qr
from gateway.control.staff.accounts import Staff
from gateway.control.staff.sign_in import SHORTEST_PASSWORD
from gateway.control.state import Control, ControlDep

router = APIRouter(tags=["Staff"])

PATH = "/staff/enrol"


def link(control: Control, invitation: str) -> str:
    """What the person who was invited opens."""
    return f"{control.public_url}{PATH}?invitation={invitation}"


@router.get(
    PATH,
    operation_id="showEnrolment",
    summary="Where an invitation is taken up: a password, and an authenticator app",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    invitation = request.query_params.get("invitation", "")
    browser = await sessions.read(request, control)
    return await _show(request, control, browser, invitation)


@router.post(
    PATH,
    operation_id="enrol",
    summary="What the enrolment page posts",
    response_class=Response,
    openapi_extra=posted(
        invitation="As in the address",
        password=f"At least {SHORTEST_PASSWORD} characters",
        code="What the authenticator app shows",
        csrf="",
    ),
)
async def enrol(request: Request, control: ControlDep) -> Response:
    browser = await sessions.read(request, control)
    texts = STAFF_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser)
    except NotOurs as error:
        invitation = error.form.get("invitation", "")
        stale = texts["enrol_stale"]
        return await _show(request, control, browser, invitation, stale, error.status)
    invitation = form.get("invitation", "")
    password = form.get("password", "")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = texts["enrol_short"].format(least=SHORTEST_PASSWORD)
        return await _show(request, control, browser, invitation, message, 400)
    if await _enrol(control, invitation, password, form.get("code", "")):
        return page("staff_done.html", language_of(request), text=texts["enrol_done"])
    return await _show(request, control, browser, invitation, texts["enrol_code"], 403)


async def _enrol(control: Control, invitation: str, password: str, code: str) -> bool:
    """Whether the invitation is good and the code right; then the account is ready."""
    hashed = await control.passwords.hash(password)
    now = control.now()
    async with control.store.write() as connection:
        staff = await accounts.find_invited(connection, control.secrets, invitation, now)
        if staff is None:
            return False
        if not await second_factor.use(connection, control.secrets, staff.account, code, now):
            return False
        await accounts.set_password(connection, staff, hashed)
        await accounts.take_up(connection, staff)
        await control.record(connection, staff.account, "staff.enrol", staff.staff_id)
    return True


async def _show(
    request: Request,
    control: Control,
    browser: Browser,
    invitation: str,
    message: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    found = await _invited(control, invitation)
    if found is None:
        text = STAFF_TEXTS[language]["enrol_void"]
        return page("staff_done.html", language, status=404, text=text)
    staff, factor = found
    uri = factor.uri(staff.username, STAFF_TEXTS["en"]["issuer"])
    response = page(
        "staff_enrol.html",
        language,
        status=status,
        message=message,
        username=staff.username,
        invitation=invitation,
        csrf=sessions.csrf_token(control, browser),
        qr=qr.svg(uri),
        key=qr.spelled(factor.key),
        least=SHORTEST_PASSWORD,
    )
    sessions.remember(response, control, browser)
    return response


async def _invited(control: Control, invitation: str) -> tuple[Staff, Factor] | None:
    """Who was invited, and the key that their app is shown: the same until it is confirmed."""
    secrets = control.secrets
    async with control.store.write() as connection:
        staff = await accounts.find_invited(connection, secrets, invitation, control.now())
        if staff is None:
            return None
        factor = await second_factor.find(connection, secrets, staff.account)
        if factor is None or factor.confirmed:
            factor = await second_factor.propose(connection, control.store, secrets, staff.account)
    return staff, factor
