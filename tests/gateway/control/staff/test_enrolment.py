from __future__ import annotations

import pytest

from gateway.control.staff.accounts import INVITATION
from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.staff.people import PASSWORD, enrol, invite, key_in


async def test_an_invitation_makes_an_account_with_password_and_authenticator(city: City) -> None:
    invited = await invite(city)
    assert (await city.http.get("/control/v1/staff")).json()[0]["enrolled"] is False
    await enrol(city, invited)
    (staff,) = (await city.http.get("/control/v1/staff")).json()
    assert staff["enrolled"] is True
    assert staff["roles"] == ["operator"]


async def test_an_invitation_is_good_once(small_city: City) -> None:
    invited = await invite(small_city)
    await enrol(small_city, invited)
    async with small_city.browser() as browser:
        assert (await browser.get(invited["invitation"])).status_code == 404


async def test_an_invitation_ends(small_city: City) -> None:
    invited = await invite(small_city)
    small_city.clock.advance(INVITATION + 1)
    async with small_city.browser() as browser:
        assert (await browser.get(invited["invitation"])).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "short"}, 400),
        ({"code": "000000"}, 403),
        ({"code": ""}, 403),
        ({"csrf": "forged"}, 403),
        ({"invitation": "another"}, 403),
    ],
)
async def test_what_is_wrong_sets_nothing_and_the_key_stays(
    small_city: City, changes: dict[str, str], status: int
) -> None:
    invited = await invite(small_city)
    async with small_city.browser() as browser:
        page = await browser.get(invited["invitation"])
        form = {
            "csrf": csrf_of(page),
            "invitation": invited["invitation"].partition("invitation=")[2],
            "password": PASSWORD,
            "code": "000000",
            **changes,
        }
        assert (await browser.post("/staff/enrol", data=form)).status_code in {status, 404}
        again = await browser.get(invited["invitation"])
    assert key_in(again) == key_in(page), "who has scanned it already need not scan again"
    (staff,) = (await small_city.http.get("/control/v1/staff")).json()
    assert staff["enrolled"] is False


async def test_the_page_speaks_both_languages_and_shows_the_key_as_a_picture(
    small_city: City,
) -> None:
    invited = await invite(small_city)
    async with small_city.browser() as browser:
        ja = await browser.get(invited["invitation"])
        en = await browser.get(f"{invited['invitation']}&lang=en")
    assert "認証アプリ" in ja.text
    assert "authenticator app" in en.text
    assert "<svg" in en.text
    assert en.headers["cache-control"] == "no-store"
