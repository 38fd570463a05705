"""Staff in a browser: signing in, what ends a session, and where one is sent."""

from __future__ import annotations

import pytest

from gateway.control import tables
from gateway.control.staff import accounts, back
from gateway.control.staff.browser import IDLE, LIFETIME
from gateway.control.staff.roles import Role
from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.staff.browsing import SIGN_IN, sign_in, staff_browser
from tests.gateway.control.staff.people import PASSWORD, Person, enrol, invite

COOKIE = "__Host-staff"


async def test_who_has_not_signed_in_is_sent_to_do_so_and_comes_back(city: City) -> None:
    person = await enrol(city, await invite(city))
    async with city.browser() as browser:
        sent = await browser.get("/console?lang=en")
        assert sent.status_code == 303
        assert sent.headers["location"] == f"{SIGN_IN}?next=%2Fconsole%3Flang%3Den"
        answer = await sign_in(browser, person, "/console?lang=en")
        assert answer.headers["location"] == "/console?lang=en"
        page = await browser.get("/console?lang=en")
    assert page.status_code == 200
    assert "佐藤" in page.text


async def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(small_city: City) -> None:
    answer = await small_city.http.get("/console", headers={"hx-request": "true"})
    assert answer.headers["hx-redirect"].startswith(SIGN_IN)
    assert not answer.content


async def test_the_cookie_is_new_after_signing_in_and_kept_from_scripts(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    async with small_city.browser() as browser:
        await browser.get(SIGN_IN)
        before = browser.cookies[COOKIE]
        answer = await sign_in(browser, person)
        said = answer.headers["set-cookie"]
        assert browser.cookies[COOKIE] != before
    assert all(mark in said for mark in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    async with small_city.browser() as other:
        other.cookies.set(COOKIE, before)
        assert (await other.get("/console")).status_code == 303, "what was planted opens nothing"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "wrong-wrong-wrong"}, 403),
        ({"code": ""}, 403),
        ({"code": "000000"}, 403),
        ({"username": "nobody"}, 403),
        ({"csrf": "forged"}, 403),
    ],
)
async def test_what_is_wrong_opens_nothing(
    small_city: City, changes: dict[str, str], status: int
) -> None:
    person = await enrol(small_city, await invite(small_city))
    async with small_city.browser() as browser:
        assert (await sign_in(browser, person, **changes)).status_code == status
        assert (await browser.get("/console")).status_code == 303


async def test_who_guesses_has_to_wait_and_so_does_who_is_right(small_city: City) -> None:
    person = await enrol(small_city, await invite(small_city))
    async with small_city.browser() as browser:
        tries = [await sign_in(browser, person, code="000000") for _ in range(6)]
        assert [one.status_code for one in tries] == [403] * 5 + [429]
        assert int(tries[-1].headers["retry-after"]) > 0
        assert (await sign_in(browser, person)).status_code == 429


async def test_an_operator_never_gets_in_with_a_password_alone(small_city: City) -> None:
    await _with_password(small_city, "operator")
    async with small_city.browser() as browser:
        assert (await sign_in(browser, _person(small_city), code="")).status_code == 403


async def test_a_developer_without_authenticator_needs_none_and_sees_no_console(
    small_city: City,
) -> None:
    await _with_password(small_city, "developer")
    async with small_city.browser() as browser:
        answer = await sign_in(browser, _person(small_city), "", code="")
        assert answer.headers["location"] == "/developers"
        assert "ito" in (await browser.get("/developers")).text
        refused = await browser.get("/console?lang=en")
    assert refused.status_code == 403
    assert "not for your account" in refused.text


async def test_who_becomes_an_operator_has_to_sign_in_with_both_factors(small_city: City) -> None:
    staff = await _with_password(small_city, "developer")
    async with small_city.browser() as browser:
        await sign_in(browser, _person(small_city), code="")
        async with small_city.control.store.write() as connection:
            await accounts.replace_roles(connection, staff, ("operator",))
        assert (await browser.get("/console")).status_code == 303


async def test_an_auditor_is_no_operator(small_city: City) -> None:
    async with staff_browser(small_city, "auditor") as (browser, _):
        assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("change", [{"suspended": True}, {"roles": ["developer"]}])
async def test_suspension_and_other_roles_end_a_session_at_once(
    city: City, change: dict[str, object]
) -> None:
    async with staff_browser(city, "operator") as (browser, person):
        assert (await browser.get("/console")).status_code == 200
        await city.http.patch(f"/control/v1/staff/{person.staff_id}", json=change)
        assert (await browser.get("/console")).status_code == 303


async def test_a_session_ends_when_it_is_left_alone_and_after_a_working_day(
    small_city: City,
) -> None:
    async with staff_browser(small_city, "operator") as (browser, person):
        for _ in range(LIFETIME // (IDLE - 100)):
            small_city.clock.advance(IDLE - 100)
            assert (await browser.get("/console")).status_code == 200
        small_city.clock.advance(IDLE - 100)
        assert (await browser.get("/console")).status_code == 303
        await sign_in(browser, person)
        small_city.clock.advance(IDLE + 1)
        assert (await browser.get("/console")).status_code == 303


async def test_signing_out_ends_it_for_whoever_has_the_cookie(small_city: City) -> None:
    async with staff_browser(small_city, "operator") as (browser, _):
        held = browser.cookies[COOKIE]
        page = await browser.get("/console")
        forged = await browser.post("/staff/sign-out", data={"csrf": "forged"})
        assert forged.status_code == 303
        assert (await browser.get("/console")).status_code == 200, "no other site signs one out"
        await browser.post("/staff/sign-out", data={"csrf": csrf_of(page)})
        async with small_city.browser() as other:
            other.cookies.set(COOKIE, held)
            assert (await other.get("/console")).status_code == 303


async def test_a_session_is_in_the_store_as_a_hash(small_city: City) -> None:
    async with staff_browser(small_city, "operator") as (browser, _):
        async with small_city.control.store.read() as connection:
            (row,) = (await connection.execute(tables.staff_sessions.select())).all()
        assert browser.cookies[COOKIE] not in str(row)


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "/console\\@evil", "/my",
        "/console/../my", "/consolex", "/console//evil.example", "javascript:alert(1)",
        "/console\r\nSet-Cookie: a=b", "/console?next=\n", "/console" + "a" * 600,
    ],
)  # fmt: skip
async def test_nobody_is_sent_anywhere_else_after_signing_in(small_city: City, given: str) -> None:
    assert back.local(given, "/developers") == "/developers"


def test_pages_of_both_rooms_are_gone_back_to() -> None:
    for given in ("/console", "/console/audit?q=a%20b&page=2", "/developers/apis/mobility"):
        assert back.local(given, "") == given


def _person(city: City) -> Person:
    return Person(city, "", "ito", b"k" * 20)


async def _with_password(city: City, role: Role) -> accounts.Staff:
    """Somebody with a password and no authenticator."""
    hashed = await city.control.passwords.hash(PASSWORD)
    staff = accounts.new_staff("ito", "ito", (role,), city.control.now())
    async with city.control.store.write() as connection:
        await accounts.add(connection, staff)
        return await accounts.set_password(connection, staff, hashed)
