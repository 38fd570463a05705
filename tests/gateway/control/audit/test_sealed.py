"""What the log has of a resident is sealed, can be erased, and cannot be altered unseen."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select, update

from gateway.control import tables
from gateway.control.audit.checkpoint import Checkpoint, Verifier
from gateway.control.audit.recount import Recount
from gateway.control.audit.tampered import Tampered
from gateway.control.audit.uses import Use
from gateway.control.audit.verify import Good, verify
from tests.gateway.control.audit.accesses import DAY, NOW, access, entries, logged, send
from tests.gateway.control.city import City

EVENT, KEYS, USES = tables.audit_events, tables.audit_keys, tables.audit_uses


@pytest.fixture
async def log(small_city: City) -> City:
    await fill(small_city)
    return small_city


async def fill(city: City) -> None:
    """Five accesses of two residents, and something an operator did."""
    await send(city, access(0), access(1, "taro"))
    await city.http.post("/control/v1/keys/rotate", json={})
    await send(city, access(2), access(3, "taro", client="other"), access(4, status=403), first=2)


async def counts(city: City) -> Recount:
    told = (await city.http.get(f"/audit/v1/uses?month={DAY[:7]}")).json()
    uses = {Use(*map(one.get, Use._fields)): one["count"] for one in told["uses"]}
    return Recount([(DAY[:7], (told["size"], uses))])


async def verified(city: City, kept: Checkpoint | None = None) -> Good:
    key = Verifier.parse((await city.http.get("/audit/v1/key")).text)
    notes = [one["note"] for one in (await city.http.get("/audit/v1/checkpoints")).json()]
    return verify(await entries(city), notes, key, kept=kept, recount=await counts(city))


async def forget(city: City, subject: str) -> int:
    async with city.control.store.write() as connection:
        return await city.control.audit.forget(connection, subject, NOW)


async def test_a_whole_log_is_whole(log: City) -> None:
    assert (await verified(log)).size == 6


async def test_nothing_of_a_resident_is_readable_in_the_store(log: City) -> None:
    async with log.control.store.read() as connection:
        rows = list(await connection.execute(select(EVENT.c.entry, EVENT.c.sealed)))
    stored = b"".join(row.entry.encode() + (row.sealed or b"") for row in rows)
    for secret in (b"hanako", b"listAppointments", b'"c1"', b'"r0"', b'"time"'):
        assert secret not in stored
    assert b"transport-to-care" in stored, "what for, without whose"


async def test_the_same_access_twice_looks_different(log: City) -> None:
    again = access(0)
    await send(log, again, again, first=5)
    *_, one, two = (orjson.loads(each.text) for each in await entries(log))
    assert one.pop("sealed") != two.pop("sealed")
    assert one == two


async def test_erasing_a_resident_leaves_the_log_whole_and_the_events_unreadable(
    city: City,
) -> None:
    log = city
    await fill(log)
    before = {one.number: one.leaf for one in await entries(log)}
    assert await forget(log, "hanako") == 3
    assert await forget(log, "hanako") == 0
    good = await verified(log)
    assert (good.size, good.erased) == (7, 3)
    assert {one.number: one.leaf for one in await entries(log) if one.number < 6} == before
    assert await logged(log, subject="hanako") == []
    assert len(await logged(log, subject="taro")) == 2
    gone = [one for one in await logged(log) if one["erased"]]
    assert {one["subject"] + one["target"] for one in gone} == {""}
    assert {tuple(one["detail"]) for one in gone} == {("dataset", "purpose")}
    assert (await logged(log))[0]["action"] == "resident.erase"


async def test_what_comes_late_about_an_erased_resident_is_not_kept(log: City) -> None:
    await forget(log, "hanako")
    await send(log, access(5), first=5)
    newest, *_ = await logged(log)
    assert (newest["action"], newest["subject"], newest["target"]) == ("data.access", "", "")
    assert (await verified(log)).erased == 3


TAMPERINGS: dict[str, tuple[Any, int, str]] = {
    "the sealed part changed": (
        update(EVENT).where(EVENT.c.number == 3).values(sealed=b"x" * 60), 3, "sealed part"),
    "that of another": (
        update(EVENT).where(EVENT.c.number == 3)
        .values(sealed=select(EVENT.c.sealed).where(EVENT.c.number == 0).scalar_subquery()),
        3, "sealed part"),
    "the sealed part gone": (
        update(EVENT).where(EVENT.c.number == 3).values(sealed=None), 3, "sealed part"),
    "hidden from the trail": (
        update(EVENT).where(EVENT.c.number == 3).values(subject=""), 3, "0 were erased"),
    "put in another trail": (
        update(EVENT).where(EVENT.c.number == 3).values(subject="taro"), 3, "sealed part"),
    "an operator's put in a trail": (
        update(EVENT).where(EVENT.c.number == 2).values(subject="taro"), 2, "trail of somebody"),
    "keys gone": (delete(KEYS), 0, "sealed part"),
    "keys changed": (update(KEYS).values(wrapped=b"k" * 60), 0, "sealed part"),
    "a count changed": (update(USES).values(count=USES.c.count + 1), 0, "are told"),
    "a count gone": (delete(USES).where(USES.c.client == "other"), 0, "0 are told"),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERINGS)
async def test_a_hand_in_the_store_is_found(log: City, how: str) -> None:
    statement, number, what = TAMPERINGS[how]
    async with log.control.store.write() as connection:
        await connection.execute(statement)
    with pytest.raises(Tampered, match=what) as error:
        await verified(log)
    assert error.value.number == number


async def test_an_erasure_that_was_none_is_found(log: City) -> None:
    await forget(log, "hanako")
    async with log.control.store.write() as connection:
        await connection.execute(
            update(EVENT).where(EVENT.c.subject == "taro").values(subject="", sealed=None)
        )
    with pytest.raises(Tampered, match="5 events cannot be read, and 3 were erased"):
        await verified(log)
