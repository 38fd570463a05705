"""A resident's browser at the authorization endpoint: what it came with, and what it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from gateway.control.consent.choice import UNTIL, Item, Term, terms, usual
from gateway.control.consent.linkage import Holding, holding
from gateway.control.consent.request import Wanted, judge_exchange
from gateway.control.consent.wording import receiver, word
from gateway.control.oauth import forms, prompt, pushed, sandbox, sessions
from gateway.control.oauth.asked import Asked, describe
from gateway.control.oauth.clients import Client
from gateway.control.oauth.exchange import Exchange, prefetch
from gateway.control.oauth.grants import AuthorizationCode
from gateway.control.oauth.pushed import UsePushed
from gateway.control.oauth.server import Answer, CityAuthorizationServer
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.token import new_server
from gateway.control.pages import TAGGED, choose_language, others, page
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
    client: Client
    items: tuple[Item, ...]
    """The consents that are asked for, by purpose."""
    asked: list[Asked]
    """What the scopes mean, line by line."""
    holding: Holding | None
    """What the client's organisation has of the resident; ``None`` before anybody signed in."""

    @property
    def exchange(self) -> Exchange:
        return self.server.exchange

    @property
    def gives_otherwise(self) -> bool:
        """Whether the scopes are of use without any consent."""
        return any(not one.by_consent for one in self.asked)

    def beyond(self, chosen: Sequence[Item]) -> tuple[str, ...]:
        """The domains that must be said yes to together before ``chosen`` is given."""
        more = [one.wanted.reach.domain for one in chosen]
        return self.holding.beyond(self.exchange.now, more) if self.holding and more else ()

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
            apis = control.publisher.current.apis
            found = await prefetch(connection, control.secrets, asked, None, apis)
    except OAuth2Error as error:
        return error_page(language, error)
    language = choose_language(asked.get("ui_locales", ""), language)
    exchange = Exchange("GET", asked, None, now, found)
    if held:
        exchange.effects.append(UsePushed(held.hash))
    server = new_server(control, exchange)
    browser = await sessions.read(request, control)
    try:
        grant = server.get_consent_grant(server.exchange)
        wanted = judge_exchange(control, exchange, exchange.now + server.grant_lifetime)
    except OAuth2Error as error:
        return _refuse(server, error, browser, language)
    except ValueError:
        return error_page(language, InvalidRequestError("A parameter has odd characters."))
    try:
        pushed.check_way(exchange, held)
        seen = prompt.admit(control, exchange, query, browser)
    except OAuth2Error as error:
        error.redirect_uri, error.state = grant.redirect_uri, asked.get("state")
        return _refuse(server, error, browser, language)
    browser = (
        seen if sandbox.admits(exchange.client, seen.resident) else replace(seen, resident=None)
    )
    return await _visit(control, server, grant, browser, query, language, wanted)


async def _visit(
    control: Control,
    server: CityAuthorizationServer,
    grant: AuthorizationCode,
    browser: Browser,
    query: dict[str, str],
    language: str,
    wanted: tuple[Wanted, ...],
) -> Visit:
    client: Client = server.exchange.client
    held = None
    if browser.resident:
        async with control.store.read() as connection:
            held = await holding(connection, client, browser.resident.resident_id)
    return Visit(
        control=control,
        server=server,
        grant=grant,
        browser=browser,
        query=query,
        language=language,
        client=client,
        items=tuple(Item(one, word(one, client, language)) for one in wanted),
        asked=describe(
            control.publisher.current.apis, parse(server.exchange.scope), _spoken(language)
        ),
        holding=held,
    )


def _spoken(language: str) -> str:
    return "en" if language == "en" else "ja"


def _refuse(
    server: CityAuthorizationServer, error: OAuth2Error, browser: Browser, language: str
) -> Response:
    """RFC 6749 §4.1.2.1: to the client only when its redirect URI is beyond doubt."""
    sent = sandbox.may_send(server.exchange.found.client, browser.resident)
    if not error.redirect_uri or not sent:
        return error_page(language, error)
    answer: Answer = server.handle_error_response(server.exchange, error)
    server.issuer.add_issuer_parameter(server, answer)
    return redirect(answer.location)


def error_page(language: str, error: OAuth2Error) -> Response:
    values = {"error": error.error, "description": error.get_error_description() or ""}
    return page("error.html", language, status=400, **values)


def show_page(visit: Visit, message: str = "", username: str = "", status: int = 200) -> Response:
    """The page that is due: signing in, or consent."""
    if visit.browser.resident is None:
        purpose = TEXTS[visit.language]["sign_in_for"].format(client=visit.client.name)
        values: dict[str, Any] = {"purpose": purpose, "username": username, "message": message}
        values["provider"] = "" if visit.client.sandbox else visit.control.provider.name
        values["sandbox"] = visit.client.sandbox
        return _page(visit, "login.html", status, **values)
    return _page(visit, "consent.html", status, message=message, **_consent_values(visit))


def show_together(visit: Visit, form: Mapping[str, str], chosen: Sequence[Item]) -> Response:
    """What was chosen goes beyond the limit of linkage: the page that asks about just that."""
    texts = TEXTS[visit.language]
    values = {
        "message": texts["together_needed"] if "asked_together" in form else "",
        "chosen": chosen,
        "term": form.get(UNTIL, ""),
        "domains": visit.beyond(chosen),
        "receiver": receiver(visit.client, visit.language),
        "resident_name": visit.browser.resident.name if visit.browser.resident else "",
    }
    return _page(visit, "consent_together.html", 200, **values)


def _page(visit: Visit, template: str, status: int, **values: Any) -> Response:
    response = page(
        template,
        visit.language,
        status=status,
        form_target=visit.grant.redirect_uri,
        action=visit.url(),
        csrf=sessions.csrf_token(visit.control, visit.browser),
        other_languages=others(visit.language, lambda one: visit.url(ui_locales=TAGGED[one])),
        **values,
    )
    sessions.remember(response, visit.control, visit.browser)
    return response


def _consent_values(visit: Visit) -> dict[str, Any]:
    parts = urlsplit(visit.grant.redirect_uri)
    resident, language, now = visit.browser.resident, visit.language, visit.exchange.now
    offered = terms(visit.items, now)
    ends = Term("", now + visit.server.grant_lifetime)
    return {
        "client_name": visit.client.name,
        "sandbox": visit.client.sandbox,
        "receiver": receiver(visit.client, language),
        "groups": [
            (purpose, list(items))
            for purpose, items in groupby(visit.items, lambda one: one.wording.purpose)
        ],
        "terms": offered,
        "usual": usual(offered),
        "asked": [one for one in visit.asked if not one.by_consent],
        "until": ends.date,
        "host": parts.netloc or parts.scheme,
        "resident_name": resident.name if resident else "",
    }


def redirect(location: str) -> Response:
    # 303: the browser must not post the resident's password or decision onwards (RFC 9700 §4.12)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(location, status_code=303, headers=headers)
