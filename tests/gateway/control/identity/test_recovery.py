from __future__ import annotations

import httpx
import pytest

from gateway.control.brakes import FREE_TRIES
from gateway.control.identity.recovery import OF_COUNTER
from tests.gateway.control.city import PASSWORD, City, csrf_of
from tests.gateway.control.resident.test_my import sign_in

NEW = "atarashii-himitsu"


async def counter_code(city: City) -> str:
    answer = await city.http.post("/control/v1/residents/recovery", json={"username": "hanako"})
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


async def recover(city: City, code: str, **changes: str) -> httpx.Response:
    async with city.browser() as browser:
        csrf = csrf_of(await browser.get("/my/recover"))
        form = {"csrf": csrf, "username": "hanako", "code": code, "password": NEW, **changes}
        return await browser.post("/my/recover", data=form)


async def can_sign_in(city: City, password: str) -> bool:
    async with city.browser() as browser:
        return (await sign_in(browser, password)).status_code == 303


async def test_a_code_from_the_counter_sets_a_new_password_once(city: City) -> None:
    code = await counter_code(city)
    assert (await recover(city, code.lower().replace("-", " "))).status_code == 200
    assert await can_sign_in(city, NEW)
    assert not await can_sign_in(city, PASSWORD)
    assert (await recover(city, code)).status_code == 403


async def test_sessions_that_were_open_are_closed(small_city: City) -> None:
    async with small_city.browser() as browser:
        await sign_in(browser)
        assert 'type="password"' not in (await browser.get("/my")).text
        await recover(small_city, await counter_code(small_city))
        assert 'type="password"' in (await browser.get("/my")).text


@pytest.mark.parametrize(
    "changes",
    [{"code": "2222-2222-2222-2222"}, {"code": ""}, {"username": "nobody"}, {"csrf": "forged"}],
)
async def test_what_is_wrong_changes_nothing(small_city: City, changes: dict[str, str]) -> None:
    code = await counter_code(small_city)
    assert (await recover(small_city, **{"code": code, **changes})).status_code == 403
    assert await can_sign_in(small_city, PASSWORD)


async def test_a_short_password_does_not_spend_the_code(small_city: City) -> None:
    code = await counter_code(small_city)
    assert (await recover(small_city, code, password="short")).status_code == 400
    assert (await recover(small_city, code)).status_code == 200


async def test_a_code_ends_and_a_new_one_voids_those_before(small_city: City) -> None:
    first, second = await counter_code(small_city), await counter_code(small_city)
    assert (await recover(small_city, first)).status_code == 403
    small_city.clock.advance(OF_COUNTER + 1)
    assert (await recover(small_city, second)).status_code == 403


async def test_guessing_is_braked_and_who_is_right_waits_too(small_city: City) -> None:
    code = await counter_code(small_city)
    for _ in range(FREE_TRIES):
        await recover(small_city, "2222-2222-2222-2222")
    waiting = await recover(small_city, code)
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) > 0


async def test_it_is_in_the_audit_log_without_the_name(small_city: City) -> None:
    await recover(small_city, await counter_code(small_city))
    answer = await small_city.http.get("/audit/v1/events")
    actions = [one["action"] for one in answer.json()]
    assert actions == ["account.recover", "account.recovery-code"]
    assert "hanako" not in answer.text
