"""A resident's browser at the authorization endpoint: what it came with, and what it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from gateway.control.oauth import forms, prompt, pushed, sessions
from gateway.control.oauth.asked import describe
from gateway.control.oauth.exchange import Exchange, prefetch
from gateway.control.oauth.grants import AuthorizationCode
from gateway.control.oauth.pushed import UsePushed
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.token import new_server
from gateway.control.pages import choose_language, page
from gateway.control.pages.texts import TEXTS
from gateway.control.state import Control
from schemas.scopes import parse


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


async def enter(request: Request, control: Control) -> Visit | Response:
    """Understand the client's request; a wrong one ends here, in the form that is due."""
    language = choose_language("", request.headers.get("accept-language", ""))
    try:
        query = forms.parse_parameters(request.url.query)
    except OAuth2Error as error:
        return error_page(language, error)
    language = choose_language(query.get("ui_locales", ""), language)
    now = control.now()
    try:
        async with control.store.read() as connection:
            held = await pushed.find(connection, control.secrets, query, now)
            # RFC 9126 §4 with RFC 9101 §6.3: what was pushed counts, and nothing beside it
            asked = held.parameters if held else query
            forms.check_resource(asked, control.public_url)
            found = await prefetch(connection, control.secrets, asked, None)
    except OAuth2Error as error:
        return error_page(language, error)
    language = choose_language(asked.get("ui_locales", ""), language)
    exchange = Exchange("GET", asked, None, now, found)
    if held:
        exchange.effects.append(UsePushed(held.hash))
    server = new_server(control, exchange)
    try:
        grant = server.get_consent_grant(server.exchange)
    except OAuth2Error as error:
        return _refuse(server, error, language)
    except ValueError:
        return error_page(language, InvalidRequestError("A parameter has odd characters."))
    browser = await sessions.read(request, control)
    try:
        pushed.check_way(exchange, held)
        browser = prompt.admit(control, exchange, query, browser)
    except OAuth2Error as error:
        error.redirect_uri, error.state = grant.redirect_uri, asked.get("state")
        return _refuse(server, error, language)
    return Visit(control, server, grant, browser, query, language)


def _refuse(server: CityAuthorizationServer, error: OAuth2Error, language: str) -> Response:
    """RFC 6749 §4.1.2.1: to the client only when its redirect URI is beyond doubt."""
    if not error.redirect_uri:
        return error_page(language, error)
    answer: Answer = server.handle_error_response(server.exchange, error)
    server.issuer.add_issuer_parameter(server, answer)
    return redirect(answer.location)


def error_page(language: str, error: OAuth2Error) -> Response:
    values = {"error": error.error, "description": error.get_error_description() or ""}
    return page("error.html", language, status=400, **values)


def show_page(visit: Visit, message: str = "", username: str = "", status: int = 200) -> Response:
    """The page that is due: signing in, or consent."""
    other = "en" if visit.language == "ja" else "ja"
    client = visit.exchange.found.client
    values: dict[str, Any] = {
        "client_name": client.name if client else "",
        "purpose": TEXTS[visit.language]["sign_in_for"].format(
            client=client.name if client else ""
        ),
        "action": visit.url(),
        "csrf": sessions.csrf_token(visit.control, visit.browser),
        "other_language_url": visit.url(ui_locales=other),
        "message": message,
        "provider": visit.control.provider.name,
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


def redirect(location: str) -> Response:
    # 303: the browser must not post the resident's password or decision onwards (RFC 9700 §4.12)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(location, status_code=303, headers=headers)
