"""The authorization endpoint (RFC 6749 §3.1) with its two pages: sign in, and say yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from gateway.control.oauth import forms, sessions
from gateway.control.oauth.asked import describe
from gateway.control.oauth.exchange import Exchange, prefetch
from gateway.control.oauth.grants import AuthorizationCode
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.sessions import Browser, MustWait
from gateway.control.oauth.token import commit, form_body, new_server, read_body
from gateway.control.pages import choose_language, page
from gateway.control.pages.texts import TEXTS
from gateway.control.state import Control, ControlDep
from schemas.scopes import parse
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])


@dataclass(frozen=True, slots=True)
class Visit:
    """A resident's browser at the authorization endpoint, the client's request understood."""

    control: Control
    server: CityAuthorizationServer
    grant: AuthorizationCode
    browser: Browser
    query: dict[str, str]
    language: str

    @property
    def exchange(self) -> Exchange:
        return self.server.exchange

    def url(self, **changes: str) -> str:
        return f"/oauth/authorize?{urlencode({**self.query, **changes})}"


@router.get(
    "/oauth/authorize",
    operation_id="authorize",
    summary="Ask a resident for consent (RFC 6749 §4.1.1), PKCE S256 required",
    openapi_extra=operation(access="open", rate=(60, 60)),
)
async def show(request: Request, control: ControlDep) -> Response:
    """Parameters: `response_type=code`, `client_id`, `redirect_uri`, `scope`, `state`,
    `code_challenge`, `code_challenge_method=S256`, and optionally `ui_locales`."""
    visit = await _enter(request, control)
    return visit if isinstance(visit, Response) else _show(visit)


@router.post(
    "/oauth/authorize",
    operation_id="decide",
    summary="What the resident's page posts",
    openapi_extra=operation(
        access="open",
        rate=(60, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(
            decision="sign-in, allow, deny or sign-out", csrf="", username="", password=""
        ),
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await _enter(request, control)
    if isinstance(visit, Response):
        return visit
    try:
        form = forms.parse_form(await read_body(request), request.headers.get("content-type", ""))
    except OAuth2Error as error:
        return _error_page(visit.language, error)
    if not _is_from_our_page(request, visit, form):
        return _show(visit, TEXTS[visit.language]["stale"], status=403)
    decision = form.get("decision", "")
    if decision == "sign-in":
        return await _sign_in(request, visit, form)
    if decision == "sign-out":
        return _go_on(visit, await sessions.end(control, visit.browser))
    if visit.browser.resident is None or decision not in {"allow", "deny"}:
        return _show(visit)
    return await _answer_client(visit, allowed=decision == "allow")


async def _enter(request: Request, control: Control) -> Visit | Response:
    """Understand the client's request; a wrong one ends here, in the form that is due."""
    language = choose_language("", request.headers.get("accept-language", ""))
    try:
        query = forms.parse_parameters(request.url.query)
    except OAuth2Error as error:
        return _error_page(language, error)
    language = choose_language(query.get("ui_locales", ""), language)
    try:
        async with control.store.read() as connection:
            found = await prefetch(connection, control.secrets, query, None)
    except OAuth2Error as error:
        return _error_page(language, error)
    server = new_server(control, Exchange("GET", query, None, control.now(), found))
    try:
        grant = server.get_consent_grant(server.exchange)
    except OAuth2Error as error:
        return _refuse(server, error, language)
    except ValueError:
        return _error_page(language, InvalidRequestError("A parameter has odd characters."))
    browser = await sessions.read(request, control)
    return Visit(control, server, grant, browser, query, language)


def _refuse(server: CityAuthorizationServer, error: OAuth2Error, language: str) -> Response:
    """RFC 6749 §4.1.2.1: to the client only when its redirect URI is beyond doubt."""
    if not error.redirect_uri:
        return _error_page(language, error)
    answer: Answer = server.handle_error_response(server.exchange, error)
    server.issuer.add_issuer_parameter(server, answer)
    return _redirect(answer.location)


def _error_page(language: str, error: OAuth2Error) -> Response:
    values = {"error": error.error, "description": error.get_error_description() or ""}
    return page("error.html", language, status=400, **values)


def _is_from_our_page(request: Request, visit: Visit, form: dict[str, str]) -> bool:
    origin = request.headers.get("origin", "")
    ours = origin in {"", "null", visit.control.public_url}
    return ours and sessions.csrf_matches(visit.control, visit.browser, form.get("csrf", ""))


def _show(visit: Visit, message: str = "", username: str = "", status: int = 200) -> Response:
    """The page that is due: signing in, or consent."""
    other = "en" if visit.language == "ja" else "ja"
    client = visit.exchange.found.client
    values: dict[str, Any] = {
        "client_name": client.name if client else "",
        "action": visit.url(),
        "csrf": sessions.csrf_token(visit.control, visit.browser),
        "other_language_url": visit.url(ui_locales=other),
        "message": message,
        "username": username,
    }
    template = "login.html"
    if visit.browser.resident:
        template = "consent.html"
        values |= _consent_values(visit)
    target = visit.grant.redirect_uri
    response = page(template, visit.language, status=status, form_target=target, **values)
    sessions.remember(response, visit.control, visit.browser)
    return response


def _consent_values(visit: Visit) -> dict[str, Any]:
    apis = visit.control.publisher.current.apis
    ends = datetime.fromtimestamp(visit.exchange.now + visit.server.grant_lifetime, UTC)
    parts = urlsplit(visit.grant.redirect_uri)
    resident = visit.browser.resident
    return {
        "asked": describe(apis, parse(visit.exchange.scope), visit.language),
        "until": ends.date().isoformat(),
        "host": parts.netloc or parts.scheme,
        "resident_name": resident.name if resident else "",
    }


async def _sign_in(request: Request, visit: Visit, form: dict[str, str]) -> Response:
    username, password = form.get("username", ""), form.get("password", "")
    texts = TEXTS[visit.language]
    try:
        resident = await sessions.authenticate(
            visit.control, username, password, source_address(request)
        )
    except MustWait as wait:
        response = _show(visit, texts["wait"].format(seconds=wait.seconds), username, status=429)
        response.headers["Retry-After"] = str(wait.seconds)
        return response
    if resident is None:
        return _show(visit, texts["wrong"], username, status=403)
    return _go_on(visit, await sessions.begin(visit.control, visit.browser, resident))


def source_address(request: Request) -> str:
    """The caller's address as the gateway saw it: the last that it wrote."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


def _go_on(visit: Visit, browser: Browser) -> Response:
    response = _redirect(visit.url())
    sessions.remember(response, visit.control, browser)
    return response


async def _answer_client(visit: Visit, *, allowed: bool) -> Response:
    resident = visit.browser.resident
    answer = visit.server.decide(
        "create_authorization_response",
        grant_user=resident.resident_id if resident and allowed else None,
        grant=visit.grant,
    )
    answer = await commit(visit.control, visit.server, answer)
    return _redirect(answer.location)


def _redirect(location: str) -> Response:
    # 303: the browser must not post the resident's password or decision onwards (RFC 9700 §4.12)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(location, status_code=303, headers=headers)
