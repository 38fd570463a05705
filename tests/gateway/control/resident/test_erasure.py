"""Erasing a resident: nothing that leads to them is left, and the log can still be proved."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gateway.control import links, residents, tables
from gateway.control.audit.event import SECTOR
from gateway.control.residents import Resident
from tests.gateway.control.city import PASSWORD, City
from tests.gateway.control.identity.test_safety import PATH, can_sign_in, post, sign_in_at_my


async def hanako(city: City) -> Resident:
    async with city.control.store.read() as connection:
        found = await residents.find_by_username(connection, "hanako")
    assert found is not None
    return found


async def everything(city: City) -> str:
    """All that the store has, as text."""
    async with city.control.store.read() as connection:
        rows: list[Any] = []
        for table in tables.metadata.sorted_tables:
            rows += (await connection.execute(select(table))).all()
    return repr(rows)


async def test_nothing_is_left_that_leads_to_the_resident(city: City) -> None:
    tokens = (await city.redeem(await city.code())).json()
    gone = await hanako(city)
    async with city.control.store.write() as connection:
        await links.want(connection, gone.resident_id, "medical", "patient-7")
    subject = city.control.pseudonyms.of(gone.resident_id, SECTOR)
    before = await everything(city)
    for trace in (gone.resident_id, "hanako", "patient-7", subject):
        assert trace in before, "or the test looks for the wrong thing"
    async with city.browser() as browser:
        await sign_in_at_my(browser)
        done = await post(browser, decision="erase", sure="yes")
        assert "すべて消しました" in done.text
        assert 'type="password"' in (await browser.get("/my")).text
    after = await everything(city)
    for trace in (gone.resident_id, "hanako", "patient-7", subject):
        assert trace not in after
    assert not await can_sign_in(city, PASSWORD)
    assert (await city.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    claims = await city.claims(tokens["access_token"])
    assert claims["gid"] in (await city.policy())["revoked"]["families"]


async def test_holders_are_told_to_forget_the_name_and_nothing_else(city: City) -> None:
    gone = await hanako(city)
    async with city.control.store.write() as connection:
        await links.want(connection, gone.resident_id, "medical", "patient-7")
    async with city.browser() as browser:
        await sign_in_at_my(browser)
        await post(browser, decision="erase", sure="yes")
    async with city.control.store.read() as connection:
        rows = (await connection.execute(select(tables.unlinks))).all()
    name = city.control.pseudonyms.of(gone.resident_id, "medical")
    assert [tuple(row) for row in rows] == [("medical", name)]


async def test_the_log_says_that_it_was_done_and_stays_whole(small_city: City) -> None:
    await small_city.redeem(await small_city.code())
    size = len((await small_city.http.get("/audit/v1/events")).json())
    async with small_city.browser() as browser:
        await sign_in_at_my(browser)
        await post(browser, decision="erase", sure="yes")
    events = (await small_city.http.get("/audit/v1/events")).json()
    assert events[0]["action"] == "resident.erase"
    assert len(events) > size
    assert "consent.give" in [one["action"] for one in events], "that it was given stays"


@pytest.mark.parametrize("form", [{}, {"sure": "no"}, {"sure": "yes", "csrf": "forged"}], ids=str)
async def test_it_needs_the_resident_s_plain_word(small_city: City, form: dict[str, str]) -> None:
    async with small_city.browser() as browser:
        await sign_in_at_my(browser)
        await browser.get(PATH)
        await post(browser, decision="erase", **form)
    assert await can_sign_in(small_city, PASSWORD)
