"""A resident's authenticator app and recovery codes."""

from __future__ import annotations

import httpx

from gateway.control.identity.safety_page import FRESH
from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.identity.test_recovery import can_sign_in, recover
from tests.gateway.control.resident.test_my import sign_in as sign_in_at_my
from tests.gateway.control.staff.people import app_code, key_in

PATH = "/my/safety"


async def post(browser: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await browser.post(PATH, data={"csrf": csrf_of(await browser.get(PATH)), **form})


def code_of(city: City, key: bytes) -> str:
    return app_code(key, int(city.clock().timestamp()))


async def set_up(city: City, browser: httpx.AsyncClient) -> bytes:
    await sign_in_at_my(browser)
    key = key_in(await browser.get(PATH))
    assert (await post(browser, decision="add", code=code_of(city, key))).status_code == 200
    city.clock.advance(30)
    return key


async def test_who_has_an_authenticator_signs_in_with_both_and_tokens_say_so(city: City) -> None:
    async with city.browser() as browser:
        key = await set_up(city, browser)
    assert not await can_sign_in(city, "sakura-no-hana"), "the password alone is not enough"
    async with city.browser() as browser:
        page = await browser.get("/my")
        form = {"csrf": csrf_of(page), "username": "hanako", "password": "sakura-no-hana"}
        form |= {"decision": "sign-in", "code": code_of(city, key)}
        assert (await browser.post("/my", data=form)).status_code == 303
        again = await browser.get("/my")
        assert 'type="password"' not in again.text


async def test_a_wrong_number_neither_sets_it_up_nor_takes_it_off(small_city: City) -> None:
    async with small_city.browser() as browser:
        await sign_in_at_my(browser)
        assert (await post(browser, decision="add", code="000000")).status_code == 403
        assert await can_sign_in(small_city, "sakura-no-hana")
    async with small_city.browser() as browser:
        key = await set_up(small_city, browser)
        assert (await post(browser, decision="remove", code="000000")).status_code == 403
        done = await post(browser, decision="remove", code=code_of(small_city, key))
        assert done.status_code == 200
    assert await can_sign_in(small_city, "sakura-no-hana")


async def test_recovery_codes_are_shown_once_and_recover_also_who_lost_the_app(
    small_city: City,
) -> None:
    async with small_city.browser() as browser:
        await set_up(small_city, browser)
        shown = (await post(browser, decision="codes")).text
    codes = [part.split("</code>")[0] for part in shown.split("<code>")[1:]]
    assert len(set(codes)) == 8
    assert (await recover(small_city, codes[3])).status_code == 200
    assert await can_sign_in(small_city, "atarashii-himitsu")
    assert (await recover(small_city, codes[3])).status_code == 403


async def test_a_browser_left_open_cannot_take_the_account(small_city: City) -> None:
    async with small_city.browser() as browser:
        await sign_in_at_my(browser)
        small_city.clock.advance(FRESH + 1)
        assert (await browser.get(PATH)).headers["location"] == "/my"
        assert (await browser.post(PATH, data={"decision": "codes"})).status_code == 303
        assert 'type="password"' in (await browser.get("/my")).text


async def test_a_stranger_and_another_site_change_nothing(small_city: City) -> None:
    async with small_city.browser() as browser:
        assert (await browser.get(PATH)).status_code == 303
        await sign_in_at_my(browser)
        forged = await browser.post(PATH, data={"decision": "codes", "csrf": "forged"})
        assert forged.status_code == 403
        assert "<li><code>" not in forged.text


async def test_a_token_tells_which_levels_are_behind_it(small_city: City) -> None:
    body = {"username": "hanako", "level": 2}
    changed = await small_city.http.post("/control/v1/residents/proofing", json=body)
    assert changed.status_code == 204
    tokens = (await small_city.redeem(await small_city.code())).json()
    claims = await small_city.claims(tokens["access_token"])
    assert (claims["acr"], claims["ial"]) == ("urn:supercity:aal:1", 2)
