"""A client is told, signed, that consents have ended, until it says that it knows."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from gateway.control import tables
from gateway.control.consent.withdraw import withdraw
from gateway.control.told.lapsed import Lapsed
from tests.gateway.control.told.conftest import CLIENTS, OPERATOR, Told
from tests.services.broker.running import DEADLINE, until


async def test_a_withdrawal_is_told_with_the_client_s_own_name_of_the_resident(told: Told) -> None:
    await told.register()
    grant, (one, other) = await told.give("appointments", "records")
    await told.withdraw(grant, one.consent_id)
    await until(lambda: told.messages)
    (message,) = told.messages
    assert message["type"] == "consent.withdrawn"
    assert message["data"] == {
        "grant": grant.gid,
        "grantEnded": False,
        "sub": told.city.control.pseudonyms.of("r-1", "client:app"),
        "consents": [{"id": one.consent_id, "dataset": "appointments", "purpose": "care"}],
        "reason": "withdrawn",
        "at": "2026-11-24T06:00:00.000Z",
    }
    await told.withdraw(grant)
    await until(lambda: len(told.messages) == 2)
    assert told.messages[1]["data"]["grantEnded"]
    assert [c["id"] for c in told.messages[1]["data"]["consents"]] == [other.consent_id]


async def test_what_is_not_acknowledged_is_told_again_and_listed_meanwhile(told: Told) -> None:
    await told.register()
    told.status = 500
    grant, _ = await told.give("appointments")
    await told.withdraw(grant)
    await until(lambda: told.receiver.received)
    await _noted(told, tries=1)
    (listed,) = await told.listed()
    assert listed["error"] == "it answered 500"
    assert listed["waiting"]
    assert listed["acknowledged"] is None
    assert "r-1" not in str(listed)
    told.status = 200
    told.city.clock.advance(10)
    await until(lambda: told.messages)
    await _noted(told, tries=2, acknowledged="true")
    assert await told.listed() == []
    assert (await told.listed(acknowledged="true"))[0]["acknowledged"] == "2026-11-24T06:00:10Z"


async def _noted(told: Told, *, tries: int, **query: str) -> None:
    async with asyncio.timeout(DEADLINE):
        while not [one for one in await told.listed(**query) if one["tries"] == tries]:
            await asyncio.sleep(0.01)


async def test_a_notice_is_kept_with_the_end_or_with_it_not(told: Told) -> None:
    await told.register()
    grant, _ = await told.give("appointments")
    control = told.city.control
    with suppress(ZeroDivisionError):
        async with control.change() as connection:
            await withdraw(control, connection, grant.gid, actor="resident")
            1 / 0  # noqa: B018 - the process dies
    await told.teller().once()
    assert told.receiver.received == []
    await told.withdraw(grant)
    await until(lambda: told.messages)


async def test_consents_that_run_out_are_told_once(told: Told) -> None:
    await told.register()
    await told.give("appointments", until=told.city.control.now() + 60)
    lapsed = Lapsed(told.city.control)
    await lapsed.write()
    told.city.clock.advance(61)
    await lapsed.write()
    await Lapsed(told.city.control).write()  # another process, later
    await until(lambda: told.messages)
    await told.teller().once()
    (message,) = told.messages
    assert message["data"]["reason"] == "expired"


async def test_a_suspended_client_is_told_to_use_nothing(told: Told) -> None:
    await told.register()
    await told.give("appointments", resident="r-1")
    await told.give("appointments", resident="r-2")
    answer = await told.city.http.post(f"{CLIENTS}/app/suspend", headers=OPERATOR)
    assert answer.status_code == 200
    await Lapsed(told.city.control).write()
    await until(lambda: len(told.messages) == 2)
    assert {one["data"]["reason"] for one in told.messages} == {"suspended"}


async def test_a_client_whose_receiver_fails_is_left_alone_for_a_while(told: Told) -> None:
    """Five failures open the circuit; then one notice at a time asks whether it is back."""
    await told.register()
    told.status = 500
    for _ in range(7):
        grant, _ = await told.give("appointments")
        await told.withdraw(grant)
    for count in range(1, 6):
        await until(lambda: len(told.receiver.received) >= count)  # noqa: B023 - run at once
        told.city.clock.advance(1)
    await until_open(told)
    before = len(told.receiver.received)
    assert not await told.teller().once()
    assert len(told.receiver.received) == before
    told.status = 200
    told.city.clock.advance(1000)
    await until(lambda: len(told.messages) == 7)


async def until_open(told: Told) -> None:
    control = told.city.control
    async with asyncio.timeout(DEADLINE):
        while await _open_until(told) <= control.clock().timestamp():
            await asyncio.sleep(0.01)


async def _open_until(told: Told) -> float:
    async with told.city.control.store.read() as connection:
        (row,) = (await connection.execute(tables.notice_targets.select())).all()
    return float(row.open_until)


async def test_without_an_address_nothing_is_kept(told: Told) -> None:
    grant, _ = await told.give("appointments")
    await told.withdraw(grant)
    assert await told.listed() == []


async def test_an_address_inside_is_refused(told: Told) -> None:
    for uri in ("http://10.0.0.1/", "https://169.254.169.254/", "ftp://example.org/"):
        answer = await told.city.http.put(
            f"{CLIENTS}/app/consent-notices", json={"uri": uri}, headers=OPERATOR
        )
        assert answer.status_code == 422, uri
        assert answer.json()["errors"][0]["where"] == "/uri"


async def test_removing_the_address_gives_up_what_waits(told: Told) -> None:
    await told.register()
    told.status = 500
    grant, _ = await told.give("appointments")
    await told.withdraw(grant)
    await _noted(told, tries=1)
    path = f"{CLIENTS}/app/consent-notices"
    assert (await told.city.http.delete(path, headers=OPERATOR)).status_code == 204
    assert (await told.city.http.delete(path, headers=OPERATOR)).status_code == 404
    (listed,) = await told.listed()
    assert not listed["waiting"]


async def test_the_figures_say_how_many_wait(told: Told) -> None:
    await told.register()
    told.status = 500
    grant, _ = await told.give("appointments")
    await told.withdraw(grant)
    text = (await told.city.http.get("/metrics")).text
    assert "city_control_consent_notices_waiting 1.0" in text


async def test_the_secret_is_sealed_at_rest(told: Told) -> None:
    await told.register()
    async with told.city.control.store.read() as connection:
        (row,) = (await connection.execute(tables.notice_targets.select())).all()
    assert told.secret.encode() not in row.secret
