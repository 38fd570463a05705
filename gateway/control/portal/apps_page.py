"""The pages ``/developers/apps``: a developer's applications, and the forms of one."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from gateway.control.oauth import clients
from gateway.control.oauth.register import PATH as REGISTRATION
from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form, posted, shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import app_form, apps, shown_app
from gateway.control.portal.app_form import MOST_FIELDS, Faulty, FormFault
from gateway.control.portal.apps import MOST_APPS, Made
from gateway.control.portal.navigation import APPS, portal_page
from gateway.control.portal.texts_apps import APPS_TEXTS
from gateway.control.staff.accounts import Staff
from gateway.control.staff.browser import StaffBrowser, require
from gateway.control.state import Control, ControlDep
from schemas.problem import Conflict, Forbidden, NotFound, Problem, Unavailable, Unprocessable

router = APIRouter(tags=["Developer portal"])

NEW = APPS + "/new"
EDIT = APPS + "/{client_id}/edit"
_FIELDS: Final = {
    "name": "",
    "itself": "yes, to call APIs in its own name",
    "sign-in": "yes, for residents to sign in",
    "acts": "yes, for token exchange",
    "redirect_uris": "One a line",
    "credentials": "client_secret_basic, private_key_jwt or none",
    "jwks": "JWK, JWK set or PEM",
    "organisation": "",
    "code": "Of the authenticator, for a live one",
    "csrf": "",
}
_BLANK: Final = dict.fromkeys(("name", "organisation", "redirect_uris", "jwks"), "")


async def developer(request: Request, control: Control) -> tuple[StaffBrowser, Staff]:
    """Who is there, who must be a developer; see :func:`gateway.control.staff.browser.require`."""
    browser = await require(request, control, "developer")
    if browser.staff is None:  # require has seen to it
        raise NotFound("Nobody has signed in.")
    return browser, browser.staff


@router.get(
    APPS,
    operation_id="showOwnApps",
    summary="A developer's applications",
    response_class=Response,
    openapi_extra=shown(),
)
async def show(request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    mine = [shown_app.card(one) for one in await apps.own(control, staff)]
    return portal_page(
        request, control, "portal/apps.html", browser, apps=mine, most=MOST_APPS
    )  # fmt: skip


@router.get(
    NEW,
    operation_id="showNewApp",
    summary="The form of a new application",
    response_class=Response,
    openapi_extra=shown(),
)
async def show_new(request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    form = {"credentials": clients.BASIC, app_form.ITSELF: "yes"}
    return await _show_new(request, control, browser, staff, form)


@router.post(
    NEW,
    operation_id="createOwnApp",
    summary="What the form of a new application posts; the keys are in the answer alone",
    response_class=Response,
    openapi_extra=posted(rate=20, **_FIELDS),
)
async def create(request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    texts = APPS_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser, MOST_FIELDS)
    except NotOurs as error:
        return await _show_new(
            request, control, browser, staff, error.form, texts["app_stale"], error.status
        )
    live = _is_live(request)
    try:
        made = await apps.create(
            control, staff, app_form.read(form), live=live, code=form.get("code", "")
        )
    except Faulty as faulty:
        return await _show_new(
            request, control, browser, staff, form, texts["app_faulty"], 400, faulty.faults
        )
    except (Conflict, Forbidden, Unavailable, Unprocessable) as problem:
        said = _said(problem, texts)
        return await _show_new(request, control, browser, staff, form, said, problem.status)
    return show_keys(request, control, browser, made)


@router.get(
    EDIT,
    operation_id="showOwnAppForm",
    summary="The form that changes an application",
    response_class=Response,
    openapi_extra=shown(),
)
async def show_edit(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    return _show_edit(request, control, browser, client, app_form.as_form(client))


@router.post(
    EDIT,
    operation_id="changeOwnApp",
    summary="What that form posts",
    response_class=Response,
    openapi_extra=posted(rate=60, **_FIELDS),
)
async def edit(client_id: str, request: Request, control: ControlDep) -> Response:
    browser, staff = await developer(request, control)
    client = await one(control, staff, client_id)
    texts = APPS_TEXTS[language_of(request)]
    try:
        form = await our_form(request, control, browser, MOST_FIELDS)
    except NotOurs as error:
        stale = texts["app_stale"]
        return _show_edit(request, control, browser, client, error.form, stale, error.status)
    # its keys are not in this form: any that fit will do to judge the rest
    method = clients.BASIC if client.auth_method != clients.PUBLIC else clients.PUBLIC
    try:
        metadata = app_form.read({**form, "credentials": method})
        changed = await apps.change(control, staff, client_id, metadata)
    except Faulty as faulty:
        said = texts["app_faulty"]
        return _show_edit(request, control, browser, client, form, said, 400, faulty.faults)
    except (Conflict, Unprocessable) as problem:
        said = _said(problem, texts)
        return _show_edit(request, control, browser, client, form, said, problem.status)
    done = "app_proposed" if changed.proposed else "app_changed"
    return redirect(f"{APPS}/{client_id}?done={done}")


async def one(control: Control, staff: Staff, client_id: str) -> clients.Client:
    async with control.store.read() as connection:
        return await apps.find(connection, staff, client_id)


def show_keys(request: Request, control: Control, browser: StaffBrowser, made: Made) -> Response:
    """The page with what is shown once."""
    client = made.client
    old = client.old_secret_until if client.secret_hashes(control.now())[1] else 0
    return portal_page(
        request, control, "portal/app_keys.html", browser,
        name=client.name,
        client_id=client.client_id,
        secret=made.secret,
        management=made.management,
        management_uri=f"{control.public_url}{REGISTRATION}/{client.client_id}",
        overlap=shown_app.moment(old) if old else "",
        pending=client.state == clients.PENDING,
    )  # fmt: skip


def _is_live(request: Request) -> bool:
    return request.query_params.get("live") == "yes"


def _said(problem: Problem, texts: dict[str, str]) -> str:
    if isinstance(problem, Unprocessable):
        return f"{texts['fault_scope']} ({problem.faults[0].what})"
    if isinstance(problem, Conflict):
        return texts["too_many"].format(most=MOST_APPS)
    return texts["code_wrong" if isinstance(problem, Forbidden) else "too_many_wait"]


async def _show_new(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    staff: Staff,
    form: dict[str, str],
    message: str = "",
    status: int = 200,
    faults: list[FormFault] | None = None,
) -> Response:
    live = _is_live(request)
    texts = APPS_TEXTS[language_of(request)]
    return _form_page(
        request, control, browser, form, message, status, faults,
        live=live,
        authenticator=not live or await apps.has_authenticator(control, staff),
        title=texts["live_title" if live else "new_title"],
        lead=texts["live_lead" if live else "new_lead"],
        button=texts["apply" if live else "create"],
        back=APPS,
        changing=False,
    )  # fmt: skip


def _show_edit(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    client: clients.Client,
    form: dict[str, str],
    message: str = "",
    status: int = 200,
    faults: list[FormFault] | None = None,
) -> Response:
    texts = APPS_TEXTS[language_of(request)]
    return _form_page(
        request, control, browser, form, message, status, faults,
        live=not client.sandbox,
        authenticator=True,
        title=texts["edit_title"].format(name=client.name),
        lead=texts["edit_lead"],
        button=texts["save"],
        back=f"{APPS}/{client.client_id}",
        changing=True,
    )  # fmt: skip


def _form_page(
    request: Request,
    control: Control,
    browser: StaffBrowser,
    form: dict[str, str],
    message: str,
    status: int,
    faults: list[FormFault] | None,
    *,
    live: bool,
    **values: Any,
) -> Response:
    language = language_of(request)
    texts = APPS_TEXTS[language]
    apis = control.publisher.current.apis
    return portal_page(
        request, control, "portal/app_form.html", browser, status=status,
        form={"credentials": clients.BASIC, **_BLANK, **form},
        message=message,
        faults=faults or [],
        live=live,
        scopes=app_form.offered(apis, language, live=live),
        purposes=app_form.purposes(language),
        ways=[
            (clients.BASIC, texts["credential_secret"]),
            (clients.PRIVATE_KEY_JWT, texts["credential_key"]),
            (clients.PUBLIC, texts["credential_none"]),
        ],
        **values,
    )  # fmt: skip
