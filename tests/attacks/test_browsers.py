"""Attacks through a resident's own browser: forged posts, frames, fixed sessions, other sites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.gateway.control.city import PUBLIC, City, authorize_url, csrf_of, sign_in

PAGES = {"sign-in": authorize_url(), "error": authorize_url(client_id="nobody"), "mine": "/my"}
TEMPLATES = Path(__file__).parents[2] / "gateway/control/pages/templates"


@pytest.mark.parametrize("name", [*PAGES, "consent"])
async def test_no_page_can_be_put_in_a_frame(small_city: City, name: str) -> None:
    """Clickjacking: both ways of saying so, as old browsers know the second only."""
    async with small_city.browser() as browser:
        if name == "consent":
            await sign_in(browser, PAGES["sign-in"])
        answer = await browser.get(PAGES.get(name, PAGES["sign-in"]))
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("name", PAGES)
async def test_no_page_runs_anything_or_loads_from_elsewhere(small_city: City, name: str) -> None:
    async with small_city.browser() as browser:
        answer = await browser.get(PAGES[name])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "base-uri 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_every_form_carries_its_proof() -> None:
    """CSRF: no form that posts can be written without it and stay unseen."""
    posting = 0
    for template in TEMPLATES.glob("*.html"):
        for form in re.findall(r"<form.*?</form>", template.read_text(), re.DOTALL):
            if 'method="post"' in form:
                posting += 1
                assert 'name="csrf"' in form or "csrf(" in form, template.name
    assert posting


@pytest.mark.parametrize("decision", ["allow", "deny", "sign-in", "sign-out"])
@pytest.mark.parametrize(
    "how", ["no proof", "empty proof", "another browser's", "of before", "another site"]
)
async def test_no_other_site_presses_a_button(small_city: City, decision: str, how: str) -> None:
    url = authorize_url()
    async with small_city.browser() as browser, small_city.browser() as attacker:
        before = csrf_of(await browser.get(url))
        await sign_in(browser, url)
        own = csrf_of(await browser.get(url))
        proofs = {
            "no proof": {},
            "empty proof": {"csrf": ""},
            "another browser's": {"csrf": csrf_of(await attacker.get(url))},
            "of before": {"csrf": before},
            "another site": {"csrf": own},
        }
        headers = {"origin": "https://evil.example"} if how == "another site" else {}
        form = {"decision": decision, "username": "hanako", "password": "x", **proofs[how]}
        answer = await browser.post(url, data=form, headers=headers)
        assert answer.status_code == 403
        assert "location" not in answer.headers
        still = await browser.get(url)
    assert 'name="password"' not in still.text, "she is signed in still"


async def test_a_session_that_somebody_else_planted_is_not_signed_in(small_city: City) -> None:
    """Session fixation: signing in makes a new one, and the old one stays nobody's."""
    url = authorize_url()
    async with small_city.browser() as victim, small_city.browser() as attacker:
        await attacker.get(url)
        planted = attacker.cookies["__Host-city"]
        victim.cookies.set("__Host-city", planted)
        await sign_in(victim, url)
        page = await attacker.get(url)
    assert 'name="password"' in page.text


async def test_the_sessions_cookie_is_for_this_site_alone(small_city: City) -> None:
    async with small_city.browser() as browser:
        answer = await sign_in(browser, authorize_url())
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-"), "no subdomain can set it (RFC 6265bis)"
    words = cookie.lower()
    assert all(word in words for word in ("httponly", "secure", "samesite=lax", "path=/"))
    assert "domain=" not in words


@pytest.mark.parametrize("path", ["/my", "/oauth/authorize", "/oauth/token", "/control/v1/clients"])
async def test_no_other_site_may_read_what_is_answered(small_city: City, path: str) -> None:
    """CORS: a page elsewhere gets no answer that carries the resident's session."""
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    async with small_city.browser() as browser:
        await sign_in(browser, authorize_url())
        for answer in (
            await browser.get(path, headers=headers),
            await browser.options(path, headers=headers),
        ):
            assert answer.headers.get("access-control-allow-origin", "") in {"", PUBLIC}
            assert "access-control-allow-credentials" not in answer.headers


async def test_a_redirect_after_signing_in_stays_here(small_city: City) -> None:
    """Open redirect: no parameter says where to go on."""
    more = "&next=https://evil.example&return_to=//evil.example&redirect=https://evil.example"
    async with small_city.browser() as browser:
        answer = await sign_in(browser, authorize_url() + more)
    assert answer.headers["location"].startswith("/oauth/authorize?")
