"""Whether a resident must sign in, again even, before a client's request is shown to them.

``prompt`` and ``max_age`` (OpenID Connect Core 1.0 §3.1.2.1) ask for a sign-in that is new to
*this* request, ``acr_values`` (RFC 9470) for one that is strong enough. Nothing is kept for that:
after signing in, the browser is sent back with a proof that its new session was begun for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from authlib.oauth2.rfc6749 import OAuth2Error

from gateway.control.oauth.exchange import Exchange
from gateway.control.oauth.openid import unmet, wanted_level
from gateway.control.oauth.sessions import Browser
from gateway.control.state import Control
from schemas.policy import ACR

PROOF: Final = "signed_in"
"""Parameter with the proof, in the resident's browser only."""
_NOT_PART: Final = (PROOF, "ui_locales")
_NEW: Final = 600  # seconds for which a session is a new one


def admit(control: Control, exchange: Exchange, query: dict[str, str], browser: Browser) -> Browser:
    """The browser as this request may see it: as nobody's, where a new sign-in is due.

    Raises:
        OAuth2Error: ``login_required``, ``consent_required``, or
            ``unmet_authentication_requirements`` (RFC 9470 §4), to be told to the client.
    """
    resident, now = browser.resident, exchange.now
    proved = _is_proved(control, exchange, query, browser)
    weak = ACR.get(browser.means.acr, 1) < wanted_level(exchange.form)
    if resident is not None and weak and proved:
        raise unmet("The resident has no stronger way to sign in.")
    due = resident is None or weak or (_asks_anew(exchange, now - browser.began) and not proved)
    if resident is not None and not due and exchange.hinted is not None:
        other = exchange.hinted != _name_of(control, exchange, resident.resident_id)
        if other and proved:
            raise OAuth2Error("Another resident has signed in.", error="login_required")
        due = other
    if "none" in exchange.form.get("prompt", "").split():
        if due:
            raise OAuth2Error("Nobody has signed in, or not lately.", error="login_required")
        # each grant is said yes to by its resident, on a page
        raise OAuth2Error("A resident is always asked.", error="consent_required")
    return replace(browser, resident=None) if due else browser


def proof(control: Control, exchange: Exchange, browser: Browser) -> dict[str, str]:
    """The parameter with which the browser comes back from signing in."""
    return {PROOF: control.secrets.hash(_said(exchange, browser))}


def _asks_anew(exchange: Exchange, age: int) -> bool:
    prompts = exchange.form.get("prompt", "").split()
    oldest = exchange.form.get("max_age")
    too_old = oldest is not None and (age > int(oldest) or int(oldest) == 0)
    return too_old or "login" in prompts or "select_account" in prompts


def _is_proved(
    control: Control, exchange: Exchange, query: dict[str, str], browser: Browser
) -> bool:
    new = exchange.now - browser.began <= _NEW
    return new and control.secrets.matches(_said(exchange, browser), query.get(PROOF, ""))


def _said(exchange: Exchange, browser: Browser) -> str:
    """What the proof is over: the session, whose token is a new one at each sign-in, and all that
    is asked."""
    asked = sorted(pair for pair in exchange.form.items() if pair[0] not in _NOT_PART)
    return f"signed in {browser.token} for {asked}"


def _name_of(control: Control, exchange: Exchange, resident_id: str) -> str:
    maker = control.token_maker(exchange.now)
    return maker.subject(exchange.client.client_id, resident_id)
