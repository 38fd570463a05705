"""Developers' accounts: made by themselves, unless the city says no, and not without end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.control import tables
from gateway.control.portal import joining
from tests.gateway.control.city import BOOTSTRAP, City, csrf_of, running
from tests.gateway.control.portal.developers import APPS, PASSWORD, Developer, developer
from tests.gateway.control.staff.people import app_code, key_in


async def staff(city: City) -> list[Any]:
    async with city.control.store.read() as connection:
        return list((await connection.execute(select(tables.staff))).all())


async def test_anybody_joins_and_is_signed_in(small_city: City) -> None:
    async with developer(small_city) as dev:
        assert (await dev.get(APPS)).status_code == 200
        again = await dev.get("/developers/join")
        assert again.headers["location"] == APPS, "who has an account needs no other"
    (made,) = (await small_city.http.get("/control/v1/staff")).json()
    assert (made["roles"], made["name"]) == (["developer"], "森")
    assert [one for one in await staff(small_city) if PASSWORD in one.password_hash] == []


async def test_a_developer_is_no_operator(small_city: City) -> None:
    async with developer(small_city) as dev:
        assert (await dev.get("/console")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"password": "mori-mori-mori"},
        {"username": "a b c"},
        {"username": "ab"},
        {"name": ""},
    ],
)
async def test_what_no_account_can_be_made_of(small_city: City, wrong: dict[str, str]) -> None:
    async with small_city.browser() as browser:
        form = {"name": "森", "username": "mori", "password": PASSWORD, **wrong}
        answer = await Developer(small_city, browser).post("/developers/join", **form)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    assert await staff(small_city) == []


async def test_a_name_is_taken_once(small_city: City) -> None:
    async with developer(small_city), small_city.browser() as browser:
        answer = await Developer(small_city, browser).join()
    assert answer.status_code == 409
    assert "使われています" in answer.text


async def test_the_form_is_worth_nothing_elsewhere(small_city: City) -> None:
    async with small_city.browser() as ours, small_city.browser() as other:
        csrf = csrf_of(await ours.get("/developers/join"))
        form = {"csrf": csrf, "name": "森", "username": "mori", "password": PASSWORD}
        assert (await other.post("/developers/join", data=form)).status_code == 403
    assert await staff(small_city) == []


async def test_from_one_address_only_so_many(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "FREE_OF_ADDRESS", 1)
    async with developer(small_city), small_city.browser() as browser:
        answer = await Developer(small_city, browser).join("hayashi")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        small_city.clock.advance(1000)
        assert (await Developer(small_city, browser).join("hayashi")).status_code == 303


async def test_only_so_many_in_all(small_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_ACCOUNTS", 0)
    async with small_city.browser() as browser:
        assert (await Developer(small_city, browser).join()).status_code == 503


async def test_a_city_can_make_the_accounts_itself(tmp_path: Path) -> None:
    bootstrap = {**BOOTSTRAP, "developers": {"join": False}}
    async with running(tmp_path, bootstrap=bootstrap) as city, city.browser() as browser:
        page = await browser.get("/developers/join")
        assert 'name="password"' not in page.text
        form = {"csrf": csrf_of(await browser.get("/staff/sign-in")), "username": "mori"}
        answer = await browser.post(
            "/developers/join", data={**form, "name": "森", "password": PASSWORD}
        )
        assert answer.status_code == 403
        assert await staff(city) == []


async def test_who_is_suspended_is_out_and_so_is_what_they_are_testing(small_city: City) -> None:
    async with developer(small_city) as dev:
        made = await dev.create(**{"scope mobility:read": "", "scope medical:read": ""})
        (account,) = await staff(small_city)
        url = f"/control/v1/staff/{account.staff_id}"
        assert (await small_city.http.patch(url, json={"suspended": True})).status_code == 200
        assert (await dev.get(APPS)).headers["location"].startswith("/staff/sign-in")
        assert (await dev.token(made)).json()["error"] == "invalid_client"


async def test_an_authenticator_is_asked_for_from_then_on(small_city: City) -> None:
    async with developer(small_city) as dev:
        page = await dev.get("/developers/authenticator")
        key, now = key_in(page), small_city.clock().timestamp()
        wrong = await dev.post("/developers/authenticator", code="000000")
        assert wrong.status_code == 403
        done = await dev.post("/developers/authenticator", code=app_code(key, int(now)))
        assert (done.status_code, "<code>" in done.text) == (200, False)
    async with small_city.browser() as browser:
        form = {"username": "mori", "password": PASSWORD}
        without = await Developer(small_city, browser).post("/staff/sign-in", **form)
        assert without.status_code == 403
        small_city.clock.advance(30)
        form["code"] = app_code(key, int(small_city.clock().timestamp()))
        assert (await Developer(small_city, browser).post("/staff/sign-in", **form)).is_redirect
