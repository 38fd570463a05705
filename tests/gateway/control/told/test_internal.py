"""What the city's own processes are told of ended consents, and asked about residents."""

from __future__ import annotations

import asyncio

import httpx

from gateway.control import tables
from schemas.revocations import GRANTS, REVOCATIONS, SUBJECTS
from tests.gateway.control.told.conftest import OPERATOR, Told


async def test_who_waits_hears_of_an_end_and_of_nothing_else(told: Told) -> None:
    http = told.city.http
    first = await http.get(REVOCATIONS)
    etag = first.headers["etag"]
    waiting = asyncio.create_task(
        http.get(REVOCATIONS, headers={"if-none-match": etag, "prefer": "wait=20"})
    )
    await http.patch("/control/v1/clients/app", json={"rate": [1, 1]}, headers=OPERATOR)
    assert not waiting.done()  # another policy, but nothing has ended
    grant, (one,) = await told.give("appointments")
    await told.withdraw(grant)
    news = (await waiting).json()
    assert grant.gid in news["grants"]
    assert one.consent_id in news["consents"]


async def test_nothing_new_is_304(told: Told) -> None:
    http = told.city.http
    etag = (await http.get(REVOCATIONS)).headers["etag"]
    assert (await http.get(REVOCATIONS, headers={"if-none-match": etag})).status_code == 304


async def test_suspension_is_told(told: Told) -> None:
    await told.city.http.post("/control/v1/clients/app/suspend", headers=OPERATOR)
    news = (await told.city.http.get(REVOCATIONS)).json()
    assert news["suspended"] == ["app"]
    assert news["clients"]["app"] == told.city.control.now()


async def test_of_what_is_held_the_dead_are_named(told: Told) -> None:
    alive, (living,) = await told.give("appointments")
    dead, (withdrawn,) = await told.give("appointments")
    await told.withdraw(dead)
    asked = {
        "grants": [alive.gid, dead.gid, "never"],
        "consents": [living.consent_id, withdrawn.consent_id],
    }
    answer = await told.city.http.post(GRANTS, json=asked)
    assert answer.json() == {"grants": [dead.gid, "never"], "consents": [withdrawn.consent_id]}
    many = await told.city.http.post(GRANTS, json={"grants": ["x"] * 1001})
    assert many.status_code == 422


async def test_a_resident_is_named_under_a_living_consent_and_it_is_recorded(told: Told) -> None:
    grant, (one,) = await told.give("appointments")
    asked = {"grant": grant.gid, "consent": one.consent_id, "domain": "medical"}
    answer = await told.city.http.post(SUBJECTS, json=asked)
    of = told.city.control.pseudonyms.of
    assert answer.json() == {
        "subject": of("r-1", "medical"),
        "known_as": of("r-1", "client:app"),
    }
    async with told.city.control.store.read() as connection:
        rows = (await connection.execute(tables.audit_events.select())).all()
    (linked,) = [row for row in rows if row.action == "subject.link"]
    assert linked.subject == of("r-1", "audit")
    assert "r-1" not in linked.entry


async def test_a_resident_is_not_named_for_another_domain_grant_or_ended_consent(
    told: Told,
) -> None:
    grant, (one,) = await told.give("appointments")
    other, _ = await told.give("appointments")
    good = {"grant": grant.gid, "consent": one.consent_id, "domain": "medical"}
    for wrong in ({"domain": "payments"}, {"grant": other.gid}, {"consent": "none"}):
        answer = await told.city.http.post(SUBJECTS, json={**good, **wrong})
        assert answer.status_code == 404, wrong
    await told.withdraw(grant)
    assert (await told.city.http.post(SUBJECTS, json=good)).status_code == 404


async def test_nobody_but_the_city_asks(told: Told) -> None:
    stranger = httpx.AsyncClient(
        transport=httpx.ASGITransport(told.city.app), base_url="https://city.example"
    )
    async with stranger:
        for path in (GRANTS, SUBJECTS):
            assert (await stranger.post(path, json={})).status_code == 403
        assert (await stranger.get(REVOCATIONS)).status_code == 403
    policy = await told.city.policy()
    assert not [route for route in policy["routes"] if "internal" in route["path"]]
