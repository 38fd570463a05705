"""The authorization endpoint (RFC 6749 §3.1) with its two pages: sign in, and say yes or no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from fastapi import APIRouter, Request, Response

from gateway.control.consent.choice import COMBINATION, Item, ticked
from gateway.control.consent.giving import keep
from gateway.control.oauth import forms, prompt, sessions
from gateway.control.oauth.effects import KeepGrant
from gateway.control.oauth.sessions import Browser
from gateway.control.oauth.sign_in import NotSignedIn, is_from_our_page, sign_in
from gateway.control.oauth.token import commit, form_body, read_body
from gateway.control.oauth.visit import (
    Visit,
    enter,
    error_page,
    redirect,
    show_page,
    show_together,
)
from gateway.control.pages.texts import TEXTS
from gateway.control.residents import Resident
from gateway.control.state import ControlDep
from schemas.xcity import operation

router = APIRouter(tags=["OAuth"])


@router.get(
    "/oauth/authorize",
    operation_id="authorize",
    summary="Ask a resident for consent (RFC 6749 §4.1.1), PKCE S256 required",
    openapi_extra=operation(access="open", rate=(120, 60)),
)
async def show(request: Request, control: ControlDep) -> Response:
    """Parameters: `response_type=code`, `client_id`, `redirect_uri`, `scope`, `state`,
    `code_challenge`, `code_challenge_method=S256`, and optionally `authorization_details`
    (RFC 9396, type `city_data`) and `ui_locales` (`ja`, `en`, `ja-x-easy`); or `client_id`
    and the `request_uri` of a pushed request, in whose place nothing else counts."""
    visit = await enter(request, control)
    return visit if isinstance(visit, Response) else show_page(visit)


@router.post(
    "/oauth/authorize",
    operation_id="decide",
    summary="What the resident's page posts",
    openapi_extra=operation(
        access="open",
        rate=(120, 60),
        max_body_bytes=forms.LARGEST_FORM,
        request_body=form_body(
            decision="sign-in, allow, deny or sign-out",
            csrf="",
            username="",
            password="",
            until="today, month or longest",
            combination="The domains that may come together, where that is asked",
        ),
    ),
)
async def decide(request: Request, control: ControlDep) -> Response:
    visit = await enter(request, control)
    if isinstance(visit, Response):
        return visit
    try:
        form = forms.parse_form(await read_body(request), request.headers.get("content-type", ""))
    except OAuth2Error as error:
        return error_page(visit.language, error)
    if not is_from_our_page(request, control, visit.browser, form):
        return show_page(visit, TEXTS[visit.language]["stale"], status=403)
    decision = form.get("decision", "")
    if decision == "sign-in":
        return await _sign_in(request, visit, form)
    if decision == "sign-out":
        return _go_on(visit, await sessions.end(control, visit.browser))
    resident = visit.browser.resident
    if resident and decision == "deny":
        return await _answer_client(visit, None)
    if resident and decision == "allow":
        return await _allow(visit, resident, form)
    return show_page(visit)


async def _allow(visit: Visit, resident: Resident, form: dict[str, str]) -> Response:
    """The resident's yes, to what is ticked; asked once more where much would come together."""
    texts = TEXTS[visit.language]
    chosen = ticked(form, visit.items, visit.exchange.now)
    if chosen is None:
        return show_page(visit, texts["stale"], status=409)
    if visit.items and not chosen and not visit.gives_otherwise:
        return show_page(visit, texts["choose_one"], status=400)
    together = visit.beyond(chosen)
    if together and form.get(COMBINATION) != " ".join(together):
        return show_together(visit, form, chosen)
    return await _answer_client(visit, resident, chosen, together)


async def _sign_in(request: Request, visit: Visit, form: dict[str, str]) -> Response:
    found = await sign_in(request, visit.control, visit.browser, form, visit.language)
    if isinstance(found, NotSignedIn):
        response = show_page(visit, found.message, found.username, found.status)
        if found.wait:
            response.headers["Retry-After"] = str(found.wait)
        return response
    return _go_on(visit, found, **prompt.proof(visit.control, visit.exchange, found))


def _go_on(visit: Visit, browser: Browser, **changes: str) -> Response:
    response = redirect(visit.url(**changes))
    sessions.remember(response, visit.control, browser)
    return response


async def _answer_client(
    visit: Visit,
    resident: Resident | None,
    chosen: Sequence[Item] = (),
    together: Iterable[str] = (),
) -> Response:
    """Tell the client what the resident decided.

    Args:
        resident: who said yes; ``None`` for no.
        together: the domains that the resident said yes to together, where that was asked.
    """
    visit.exchange.sign_in = visit.browser.sign_in
    answer = visit.server.decide(
        "create_authorization_response",
        grant_user=resident.resident_id if resident else None,
        grant=visit.grant,
    )
    effects = visit.exchange.effects
    for grant in [one.grant for one in effects if isinstance(one, KeepGrant)]:
        target = visit.grant.redirect_uri
        effects.append(keep(visit.client, grant, chosen, together, target))
    answer = await commit(visit.control, visit.server, answer)
    if not answer.location:
        text = dict(answer.body).get("error_description")
        return error_page(visit.language, InvalidRequestError(text))
    return redirect(answer.location)
