"""To the city's OpenID provider and back: ``/my/provider`` and ``/my/provider/callback``."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.control.identity import provider_visits
from gateway.control.identity.device import device_of
from gateway.control.identity.provider import ProviderError
from gateway.control.oauth import sessions
from gateway.control.oauth.visit import redirect
from gateway.control.pages import choose_language, page
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound
from schemas.xcity import operation

logger = logging.getLogger(__name__)
router = APIRouter(tags=["Residents"])

PATH: Final = "/my/provider"
CALLBACK: Final = "/my/provider/callback"


@router.get(
    PATH,
    operation_id="signInAtProvider",
    summary="Sign in at the city's own OpenID provider",
    response_class=Response,
    openapi_extra=operation(access="open", priority="essential", rate=(60, 60)),
)
async def go(request: Request, control: ControlDep) -> Response:
    if not control.provider.name:
        raise NotFound("This city has no OpenID provider of its own.")
    browser = await sessions.read(request, control)
    back = request.query_params.get("back", "")
    # never to another site
    safe = back == "/my" or back.startswith(("/oauth/authorize?", "/my?"))
    visit = await provider_visits.begin(control, browser.token, back if safe else "/my")
    try:
        where = await control.provider.begin(visit.state, visit.nonce, visit.verifier)
    except ProviderError as error:
        return _failed(request, control, error)
    response = redirect(where)
    sessions.remember(response, control, browser)
    return response


@router.get(
    CALLBACK,
    operation_id="returnFromProvider",
    summary="Where the city's OpenID provider sends residents back to",
    response_class=Response,
    openapi_extra=operation(access="open", priority="essential", rate=(60, 60)),
)
async def come_back(request: Request, control: ControlDep) -> Response:
    query, browser = request.query_params, await sessions.read(request, control)
    visit = await provider_visits.take(control, browser.token, query.get("state", ""))
    if visit is None:
        return _failed(request, control, ProviderError("no such visit of this browser"))
    try:
        identity = await control.provider.finish(
            query.get("code", ""), query.get("iss", ""), visit.nonce, visit.verifier, control.now()
        )
    except ProviderError as error:
        return _failed(request, control, error)
    issuer = control.provider.config.issuer if control.provider.config else ""
    resident = await provider_visits.resident_of(control, issuer, identity, browser.resident)
    after = await sessions.begin(control, browser, resident, identity.means, device_of(request))
    response = redirect(visit.back)
    sessions.remember(response, control, after)
    return response


def _failed(request: Request, control: Control, error: ProviderError) -> Response:
    logger.warning("the city's OpenID provider: %s", error)
    language = choose_language("", request.headers.get("accept-language", ""))
    text = ACCOUNT_TEXTS[language]["provider_failed"].format(name=control.provider.name)
    return page("account_done.html", language, status=502, text=text, codes=[])
