"""The resident's own page: who is signed in, what is shared, and ending it."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.control.city import PASSWORD, SECRET, City, csrf_of

PATH = "/my"


async def sign_in(browser: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    form = {"csrf": csrf_of(await browser.get(PATH)), "username": "hanako", "password": password}
    return await browser.post(PATH, data={**form, "decision": "sign-in"})


async def post(browser: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await browser.post(PATH, data={"csrf": csrf_of(await browser.get(PATH)), **form})


def consent_in(page: httpx.Response) -> str:
    return page.text.split('name="consent" value="')[1].split('"')[0]


async def test_a_stranger_is_shown_the_sign_in_and_nothing_else(small_city: City) -> None:
    await small_city.code()
    async with small_city.browser() as browser:
        page = await browser.get(PATH)
        assert page.status_code == 200
        assert "Booking app" not in page.text
        assert 'type="password"' in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert (await sign_in(browser, "wrong")).status_code == 403
        assert "Booking app" not in (await browser.get(PATH)).text


async def test_what_is_shared_is_shown_and_withdrawn_in_one_press(city: City) -> None:
    tokens = (await city.redeem(await city.code())).json()
    async with city.browser() as browser:
        assert (await sign_in(browser)).status_code == 303
        page = await browser.get(PATH)
        assert "Booking app" in page.text
        assert "2026-11-24" in page.text, "since when"
        before = (await city.policy())["revision"]
        done = await post(browser, decision="withdraw", consent=consent_in(page))
        assert done.status_code == 303
        after = await browser.get(done.headers["location"])
    assert "取り消しました" in after.text
    assert 'name="consent"' not in after.text
    assert "Booking app への同意を取り消しました。" in after.text
    assert (await city.policy())["revision"] != before, "every gateway is told"
    refused = await city.refresh(tokens["refresh_token"])
    assert refused.json()["error"] == "invalid_grant"
    asked = await city.http.post(
        "/oauth/introspect", data={"token": tokens["access_token"]}, auth=("app", SECRET)
    )
    assert asked.json() == {"active": False}
    newest, *_ = (await city.http.get("/audit/v1/events")).json()
    assert (newest["action"], newest["client"]) == ("consent.withdraw", "resident")


async def test_nobody_withdraws_what_is_anothers_or_is_over(small_city: City) -> None:
    await small_city.redeem(await small_city.code())
    async with small_city.browser() as browser:
        await sign_in(browser)
        gid = consent_in(await browser.get(PATH))
        for consent in ("nothing", ""):
            await post(browser, decision="withdraw", consent=consent)
        assert consent_in(await browser.get(PATH)) == gid
        await post(browser, decision="withdraw", consent=gid)
        again = await post(browser, decision="withdraw", consent=gid)
        assert "done" not in again.headers["location"]
    events = (await small_city.http.get("/audit/v1/events")).json()
    assert [one["action"] for one in events] == ["consent.withdraw", "consent.give"]


@pytest.mark.parametrize("how", ["without a token", "from another site"])
async def test_another_site_cannot_withdraw(small_city: City, how: str) -> None:
    await small_city.redeem(await small_city.code())
    async with small_city.browser() as browser:
        await sign_in(browser)
        page = await browser.get(PATH)
        form = {"decision": "withdraw", "consent": consent_in(page), "csrf": csrf_of(page)}
        headers = {}
        if how == "without a token":
            del form["csrf"]
        else:
            headers["origin"] = "https://evil.example"
        assert (await browser.post(PATH, data=form, headers=headers)).status_code == 403
        assert 'name="consent"' in (await browser.get(PATH)).text


async def test_signing_out_ends_the_session_at_the_platform(small_city: City) -> None:
    async with small_city.browser() as browser:
        await sign_in(browser)
        cookies = dict(browser.cookies)
        await post(browser, decision="sign-out")
        browser.cookies.clear()
        assert (
            'type="password"' in (await browser.get(PATH, headers={"cookie": _line(cookies)})).text
        )


def _line(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def test_the_address_chooses_the_language(small_city: City) -> None:
    async with small_city.browser() as browser:
        assert "サインイン" in (await browser.get(PATH)).text
        assert "Sign in" in (await browser.get(f"{PATH}?lang=en")).text
        assert "サインイン" in (await browser.get(f"{PATH}?lang=xx")).text
        page = await browser.get(f"{PATH}?lang=en")
        form = {"csrf": csrf_of(page), "username": "hanako", "password": PASSWORD}
        done = await browser.post(f"{PATH}?lang=en", data={**form, "decision": "sign-in"})
        assert done.headers["location"] == "/my?lang=en"


async def test_malformed_posts_are_answered_by_the_page(small_city: City) -> None:
    async with small_city.browser() as browser:
        await browser.get(PATH)
        odd = await browser.post(PATH, content=b"%", headers={"content-type": "text/plain"})
        assert odd.status_code == 400
        assert (await post(browser, decision="fly")).status_code == 200
